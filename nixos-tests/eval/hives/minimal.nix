# The least that is a hive: everything at its default, one agent.
{
  services.hyperhive = {
    enable = true;
    agents.alice = { };
  };
}
