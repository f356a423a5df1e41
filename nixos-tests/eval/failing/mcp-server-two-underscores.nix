# An MCP server whose name could be another's with the begin of a tool's.
{
  message = ''services.hyperhive.agents.alice.mcpServers: "orders__old" has two underscores in a row or one at its end, which part a server from its tool.'';
  hive.services.hyperhive = {
    enable = true;
    agents.alice.mcpServers.orders__old.command = "/bin/sh";
  };
}
