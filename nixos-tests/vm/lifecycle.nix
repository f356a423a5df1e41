# The broker starts, stops and restarts agents, and may do so to no other unit.
{
  scenario = "lifecycle";
  hive = "team";
}
