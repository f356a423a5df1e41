# The operator's pages, opened to the agents.
{
  message = "services.hyperhive.network.hostPorts: 7000 is the dashboard's, which is not for agents.";
  hive.services.hyperhive = {
    enable = true;
    network.hostPorts = [ 7000 ];
  };
}
