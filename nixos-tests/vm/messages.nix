# Mail from the operator over two agents and back.
{
  scenario = "messages";
  hive = "team";
}
