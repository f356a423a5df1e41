# One more agent that may do everything.
{
  message = "services.hyperhive: more than one manager: boss, manager.";
  hive.services.hyperhive = {
    enable = true;
    agents.boss.role = "manager";
  };
}
