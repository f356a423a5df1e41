# An environment variable that no shell could name.
{
  message = "services.hyperhive.agents.alice.claude.env";
  hive.services.hyperhive = {
    enable = true;
    agents.alice.claude.env."NOT-A-NAME" = "1";
  };
}
