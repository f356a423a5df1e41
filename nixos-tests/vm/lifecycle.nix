# The broker starts, stops and restarts agents, and may do so to no other unit.
{
  imports = [ ../lib/hive.nix ];

  scenario = "lifecycle";
}
