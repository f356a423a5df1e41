# The broker holds an agent to its recipients, and leaves the manager free.
{
  imports = [ ../lib/hive.nix ];

  scenario = "recipients";
}
