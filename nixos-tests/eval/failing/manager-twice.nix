# The manager has options of its own.
{
  message = ''
    services.hyperhive.agents.manager: services.hyperhive.manager already declares the agent "manager"; write its options
    there.
  '';
  hive.services.hyperhive = {
    enable = true;
    agents.manager.role = "manager";
  };
}
