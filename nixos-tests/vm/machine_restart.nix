# No mail is lost when the whole machine restarts or loses its power.
{
  scenario = "machine_restart";

  nodes.machine.services.hyperhive.agents.alice = { };
}
