# A secret that nobody declared.
{
  message = ''
    services.hyperhive.agents.alice.credentials.CLAUDE_CODE_OAUTH_TOKEN: services.hyperhive.credentials has no "claude".
  '';
  hive.services.hyperhive = {
    enable = true;
    agents.alice.credentials.CLAUDE_CODE_OAUTH_TOKEN = "claude";
  };
}
