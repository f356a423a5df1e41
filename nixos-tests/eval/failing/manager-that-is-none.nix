# An agent that others would take for the manager.
{
  message = ''services.hyperhive.agents.manager: the name "manager" is reserved for the agent with role "manager".'';
  hive.services.hyperhive = {
    enable = true;
    manager.enable = false;
    agents.manager = { };
  };
}
