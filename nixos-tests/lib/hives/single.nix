# One agent, for a machine that restarts again and again.
{
  services.hyperhive.agents.alice = { };
}
