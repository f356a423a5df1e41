# An agent runs the commands on its list and no other.
{
  scenario = "bash_list";

  nodes.machine.services.hyperhive.agents.alice.bash.allow = [
    "expr *"
    "touch allowed-*"
  ];
}
