# The hive comes up with the machine.
{
  scenario = "boot";

  nodes.machine.services.hyperhive = {
    manager.enable = true;
    agents = {
      alice = { };
      bob = { };
    };
  };
}
