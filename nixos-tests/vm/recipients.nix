# The broker holds an agent to its recipients, and leaves the manager free.
{
  scenario = "recipients";
  hive = "team";
}
