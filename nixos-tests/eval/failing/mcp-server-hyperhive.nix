# An MCP server under the name of hyperhive's own tools.
{
  message = ''services.hyperhive.agents.alice.mcpServers: the name "hyperhive" is taken by hyperhive's own tools.'';
  hive.services.hyperhive = {
    enable = true;
    agents.alice.mcpServers.hyperhive.command = "/bin/sh";
  };
}
