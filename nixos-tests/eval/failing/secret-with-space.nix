# A path that would end in the middle where systemd-nspawn's flags are taken apart.
{
  message = ''
    services.hyperhive.credentials.claude: "/run/secrets/my token" must be an absolute path without white space, colon,
    quote, dollar or percent sign.
  '';
  hive.services.hyperhive = {
    enable = true;
    credentials.claude = "/run/secrets/my token";
  };
}
