# What root inside of an agent's container can do to the kernel and to the machine's resources.
{
  scenario = "isolation_kernel";
  hive = "attacked";
}
