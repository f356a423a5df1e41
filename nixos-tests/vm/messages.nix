# Mail from the operator over two agents and back.
{
  imports = [ ../lib/hive.nix ];

  scenario = "messages";
}
