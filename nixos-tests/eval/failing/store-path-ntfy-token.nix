# A token that everybody on the machine could read.
{
  message = ''
    services.hyperhive.notifications.ntfy.tokenFile: /nix/store/00000000000000000000000000000000-token is in the Nix store, which
    everybody can read; give the path of a file outside.
  '';
  hive.services.hyperhive = {
    enable = true;
    notifications.ntfy = {
      url = "https://ntfy.example.org/hive";
      tokenFile = "/nix/store/00000000000000000000000000000000-token";
    };
  };
}
