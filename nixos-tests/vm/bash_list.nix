# An agent runs the commands on its list and no other.
{
  scenario = "bash_list";
  hive = "team";
}
