# No mail is lost when the whole machine loses its power or restarts.
{
  scenario = "machine_restart";

  nodes.machine.services.hyperhive.agents.alice = { };
}
