# What root inside of an agent's container leaves behind for the host.
{
  scenario = "isolation_planted";
  hive = "attacked";
}
