# What root inside of an agent's container is on the host, and owns there.
{
  scenario = "isolation";
  hive = "attacked";
}
