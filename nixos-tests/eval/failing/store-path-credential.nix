# A secret that everybody on the machine could read.
{
  message = ''
    services.hyperhive.credentials.claude: /nix/store/00000000000000000000000000000000-secret is in the Nix store, which everybody can
    read; give the path of a file outside.
  '';
  hive.services.hyperhive = {
    enable = true;
    credentials.claude = "/nix/store/00000000000000000000000000000000-secret";
  };
}
