# An extra MCP server of which the agent has one tool of two.
{
  imports = [ ../lib/hive.nix ];

  scenario = "extra_mcp_server";
}
