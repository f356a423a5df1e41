# The self-test of agents, on walls that stand and on some that do not.
{
  scenario = "selftest";
  hive = "attacked";
}
