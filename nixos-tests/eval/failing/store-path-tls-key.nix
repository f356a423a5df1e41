# A key that everybody on the machine could read.
{
  message = ''
    services.hyperhive.dashboard.tls.key: /nix/store/00000000000000000000000000000000-key.pem is in the Nix store, which
    everybody can read; give the path of a file outside.
  '';
  hive.services.hyperhive = {
    enable = true;
    dashboard.tls = {
      certificate = "/var/lib/acme/hive/fullchain.pem";
      key = "/nix/store/00000000000000000000000000000000-key.pem";
    };
  };
}
