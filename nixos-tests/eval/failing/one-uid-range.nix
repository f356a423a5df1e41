# Two names with one hash.
{
  message = ''
    services.hyperhive.agents: deploy and docs-qa would share the uid range that begins at 2004353024; rename one of them.
  '';
  hive.services.hyperhive = {
    enable = true;
    agents.deploy = { };
    agents.docs-qa = { };
  };
}
