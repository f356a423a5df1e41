# Agent bob, who reviews: NixOS configuration of his container.
{
  hyperhive = {
    model = "haiku";
    models = [
      "haiku"
      "sonnet"
    ];
    systemPrompt = "You read what alice hands you and answer with what must change, or that nothing must.";
    allowedRecipients = [
      "manager"
      "alice"
    ];
    tools = [
      "Bash"
      "Read"
      "Glob"
      "Grep"
    ];
    bash.allow = [
      "git diff *"
      "git log *"
      "git show *"
    ];
    # An extra MCP server, started inside of the container. Its tool is called `mcp__checklist__list_items`.
    mcpServers.checklist = {
      command = "python3";
      args = [ "${./checklist_server.py}" ];
      allowedTools = [ "list_items" ];
    };
    credentials.CLAUDE_CODE_OAUTH_TOKEN = "claude-bob";
  };
}
