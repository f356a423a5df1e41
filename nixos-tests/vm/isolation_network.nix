# What root inside of an agent's container reaches over the network and on the broker's socket.
{
  scenario = "isolation_network";
  hive = "attacked";
}
