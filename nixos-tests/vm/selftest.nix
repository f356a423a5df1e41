# The self-test of agents, on walls that stand and on some that do not.
{
  scenario = "selftest";

  nodes.machine.imports = [ ../lib/attacked-hive.nix ];
}
