# The hive comes up with the machine.
{
  scenario = "boot";
  hive = "team";
}
