# What root inside of an agent's container cannot reach.
{
  scenario = "isolation";

  nodes.machine.services.hyperhive.agents = {
    alice = { };
    # Nothing of its own in the way: what holds are the host's rules.
    bob.config.networking.firewall.enable = false;
  };
}
