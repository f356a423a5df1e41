# Claude Code's managed settings in an agent's container, the layer below the harness's tool hook: `{ lib }` -> policy -> attrs.
# Up to version 2.1.138 at least, Claude Code drops the whole file without a word if one known key has a
# value that it does not expect. A key goes in here once a test has seen the file in force with it.
{ lib }:
{
  # Built-in tools of the agent.
  tools,
  # Patterns of Bash commands; null is any command, [ ] is no Bash.
  bash,
  # Command line that decides on a call, `hyperhive tool-hook`, in quotes for a shell where it needs them.
  gate,
  # Extra MCP servers, as in the option.
  mcpServers ? { },
  # Environment of Claude Code, as in the option. What is in here wins over what the harness sets, so
  # names that credentials have must not be among it.
  env ? { },
}:
let
  known = import ./claude-tools.nix;

  current = tool: known.renamed.${tool} or tool;
  currentTools = map current tools;
  listed = tool: lib.elem (current tool) currentTools && (tool != "Bash" || bash != [ ]);
  needed = tool: tool == "Read" && lib.any listed known.writing;

  # As `hyperhive/protocol/mcp_names.py` has it.
  sessionName = lib.stringAsChars (
    char: if builtins.match "[A-Za-z0-9_-]" char == null then "_" else char
  );
  mcpRules =
    name: server:
    if lib.elem "*" server.allowedTools then
      [ "mcp__${name}" ]
    else
      map (tool: "mcp__${name}__${sessionName tool}") server.allowedTools;
in
{
  permissions = {
    allow =
      # As in the harness's own sessions, Bash runs what the gate allows.
      lib.filter (tool: tool != "Bash") tools
      ++ [ "mcp__hyperhive" ]
      ++ lib.concatLists (lib.mapAttrsToList mcpRules mcpServers);
    deny =
      lib.filter (tool: !(listed tool || needed tool)) (known.closed ++ known.open)
      # Also stops a redirection of Bash there, where the file is not on a read-only mount.
      ++ [ "Edit(//etc/claude-code/**)" ];
    # Who starts `claude` by hand begins with the agent's rules and may only go on to be asked.
    defaultMode = "dontAsk";
    disableBypassPermissionsMode = "disable";
    disableAutoMode = "disable";
  };
  # The same, where older releases look for it.
  disableAutoMode = "disable";

  # Rules, hooks, status lines and servers out of files that the agent can write do not count. The
  # harness's tool hook is a callback of the SDK and no hook of a file: it stays.
  allowManagedPermissionRulesOnly = true;
  allowManagedHooksOnly = true;
  disableAllHooks = false;
  hooks.PreToolUse = [
    {
      hooks = [
        {
          type = "command";
          # A `claude` that the harness itself started, and nothing below that one, has the hook of its session. Claude
          # Code runs the tool when a command fails with any other code than 2, or takes longer than it may.
          command = ''
            read -r _ _ _ parent _ < /proc/$PPID/stat
            [ "$parent" = "''${HYPERHIVE_HARNESS:-none}" ] && exit 0
            ${gate} || exit 2
          '';
          timeout = 60;
        }
      ];
    }
  ];
  strictPluginOnlyCustomization = true;
  strictKnownMarketplaces = [ ];
  disableSkillShellExecution = true;
  claudeMdExcludes = [ "**" ];
  autoMemoryEnabled = false;

  # By name, for `claude --mcp-config`; servers that the SDK runs in its own process are not asked about.
  # `managed-mcp.json` beside this file would give `hyperhive mcp` to every session, and the harness's
  # sessions refuse to start where it is.
  allowManagedMcpServersOnly = true;
  allowedMcpServers = map (serverName: { inherit serverName; }) (
    [ "hyperhive" ] ++ lib.attrNames mcpServers
  );
  enableAllProjectMcpServers = false;

  # Commands that Claude Code runs by itself for credentials; an empty one outranks one that was planted.
  apiKeyHelper = "";
  awsAuthRefresh = "";
  awsCredentialExport = "";
  gcpAuthRefresh = "";
  otelHeadersHelper = "";
  proxyAuthHelper = "";

  # Ways to other sessions, other machines and the vendor's site that are not the broker's.
  autoUploadSessions = false;
  channelsEnabled = false;
  crossSessionInbound = "refuse";
  disableAgentView = true;
  disableArtifact = !listed "Artifact";
  disableBackgroundAgents = true;
  disableClaudeAiConnectors = true;
  disableRemoteControl = true;
  disableWorkflows = !listed "Workflow";

  # The container is the sandbox. Another one inside would let Bash pass without a rule.
  sandbox = {
    enabled = false;
    autoAllowBashIfSandboxed = false;
  };

  # An agent that was idle for a month goes on with its conversation.
  cleanupPeriodDays = 365;

  env =
    # What would run with every command of Bash, if a planted file set it.
    lib.genAttrs [ "BASH_ENV" "CLAUDE_CODE_SHELL_PREFIX" "CLAUDE_ENV_FILE" ] (_: "")
    # From `QUIET_ENVIRONMENT` in `hyperhive/harness/options.py`, for a `claude` that is started by hand.
    // lib.genAttrs [
      "CLAUDE_CODE_DISABLE_AUTO_MEMORY"
      "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS"
      "CLAUDE_CODE_DISABLE_CRON"
      "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"
      "DISABLE_AUTOUPDATER"
      "DISABLE_ERROR_REPORTING"
      "DISABLE_TELEMETRY"
    ] (_: "1")
    # Not what the harness decides in any case.
    // removeAttrs env [
      "CLAUDE_CODE_SHELL"
      "SHELL"
    ];
}
