# No mail is lost when the whole machine loses its power or restarts.
{
  scenario = "machine_restart";
  hive = "single";
}
