# An extra MCP server of which the agent has one tool of two.
{
  scenario = "extra_mcp_server";

  nodes.machine.services.hyperhive.agents.alice.mcpServers.stock = {
    command = "python3";
    args = [ "${../lib/stock_server.py}" ];
    allowedTools = [ "count" ];
  };
}
