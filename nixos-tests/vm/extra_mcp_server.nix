# An extra MCP server of which the agent has one tool of two.
{
  scenario = "extra_mcp_server";
  hive = "team";
}
