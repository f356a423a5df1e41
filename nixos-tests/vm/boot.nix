# The hive comes up with the machine.
{
  imports = [ ../lib/hive.nix ];

  scenario = "boot";
}
