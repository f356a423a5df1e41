# No mail is lost when the broker, a harness or a container goes in the middle.
{
  scenario = "restart";
  hive = "team";
}
