# The broker's unit of a hive on loopback, without ntfy (`url` is empty) or with the topic at `url`.
{
  library,
  modules,
  url,
}:
let
  lib = import (library + "/lib");
  evaluate = import ./slim.nix {
    inherit lib;
    modules = /. + modules;
  };
  machine = evaluate {
    services.hyperhive = {
      enable = true;
      notifications.ntfy = if url == "" then null else { inherit url; };
    };
  };
  unit = (builtins.fromJSON (builtins.unsafeDiscardStringContext machine.outcome)).systemd.services.hyperhive;
in
{
  inherit (unit.serviceConfig) IPAddressAllow IPAddressDeny SocketBindAllow;
  certificates = unit.environment.SSL_CERT_FILE or null;
}
