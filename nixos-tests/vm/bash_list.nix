# An agent runs the commands on its list and no other.
{
  imports = [ ../lib/hive.nix ];

  scenario = "bash_list";
}
