# Options of one agent: `services.hyperhive.agents.<name>` on the host, `hyperhive` inside its container.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;

  inherit (import ./contract.nix { inherit lib; }) setting defaults oneLine;
  namedAttrs = import ./named-attrs.nix { inherit lib; };

  variables =
    elem:
    namedAttrs {
      inherit elem;
      pattern = "[A-Za-z_][A-Za-z0-9_]*";
      what = "an environment variable";
    };

  modelName =
    types.addCheck (oneLine types.nonEmptyStr) (name: lib.stringLength name <= 200)
    // {
      description = "non-empty string of at most 200 characters on one line";
    };

  mcpServer = types.submodule {
    options = {
      command = setting.McpServerConfig.command {
        type = types.nonEmptyStr;
        example = "python3";
      };
      args = setting.McpServerConfig.args {
        type = types.listOf types.str;
        example = [ "/agents/alice/state/orders.py" ];
      };
      env = setting.McpServerConfig.env {
        type = variables types.str;
        example = {
          LOG_LEVEL = "warn";
        };
      };
      allowedTools = setting.McpServerConfig.allowed_tools {
        type = types.listOf (
          types.strMatching "\\*|[A-Za-z0-9_.-]+" // { description = "name of a tool, or `*`"; }
        );
        example = [ "query" ];
      };
      callTimeoutSeconds = setting.McpServerConfig.call_timeout_seconds {
        example = 1800;
      };
    };
  };
in
{
  options = {
    role = setting.AgentConfig.role {
      type = types.enum [
        "agent"
        "manager"
      ];
      example = "manager";
    };

    model = setting.AgentConfig.model {
      type = modelName;
      example = "claude-opus-4-5";
    };

    models = setting.AgentConfig.models {
      type = types.nonEmptyListOf modelName;
      default = lib.unique ([ config.model ] ++ defaults.AgentConfig.models);
      defaultText = lib.literalExpression ''lib.unique [ model "sonnet" "opus" "haiku" ]'';
      example = [
        "sonnet"
        "haiku"
      ];
    };

    systemPrompt = setting.AgentConfig.system_prompt {
      type = types.lines;
      example = "You look after the tests of the project in ./shop. Report failures to the manager.";
    };

    allowedRecipients = setting.AgentConfig.allowed_recipients {
      type = types.nullOr (types.listOf (
          types.strMatching "[a-z]([a-z0-9-]{0,29}[a-z0-9])?" // { description = "name of an agent"; }
        ));
      example = [
        "manager"
        "alice"
      ];
    };

    bash.allow = setting.AgentConfig.bash {
      type = types.nullOr (types.listOf types.nonEmptyStr);
      example = [
        "git *"
        "nix build *"
      ];
    };

    tools = setting.AgentConfig.tools {
      type = types.listOf (
        types.strMatching "[A-Z][A-Za-z]*" // { description = "name of a built-in tool of Claude Code"; }
      );
      example = [
        "Read"
        "Grep"
      ];
    };

    mcpServers = setting.AgentConfig.mcp_servers {
      type = namedAttrs {
        elem = mcpServer;
        pattern = "[A-Za-z0-9][A-Za-z0-9_-]{0,63}";
        what = "a server";
      };
      example = lib.literalExpression ''
        {
          orders = {
            command = lib.getExe pkgs.python3;
            args = [ "''${./orders.py}" ];
            allowedTools = [ "query" ];
          };
        }
      '';
    };

    notes.compactAboveBytes = setting.NotesConfig.compact_above_bytes {
      example = 32768;
    };

    context.compactAbovePercent = setting.ContextConfig.compact_above_percent {
      example = 60;
    };

    silentMinutes = setting.AgentConfig.silent_minutes {
      example = 30;
    };

    budget = {
      usdCentsPerDay = setting.BudgetConfig.usd_cents_per_day {
        example = 500;
      };
      turnsPerDay = setting.BudgetConfig.turns_per_day {
        example = 200;
      };
    };

    limits = {
      cpuPercent = setting.LimitsConfig.cpu_percent {
        example = 50;
      };
      memoryMiB = setting.LimitsConfig.memory_mib {
        example = 2048;
      };
      diskMiB = setting.LimitsConfig.disk_mib {
        example = 51200;
      };
      tasks = setting.LimitsConfig.tasks {
        example = 512;
      };
      broker = {
        requestsPerSecond = setting.BrokerLimitsConfig.requests_per_second {
          example = 50;
        };
        receivedKiBPerSecond = setting.BrokerLimitsConfig.received_kib_per_second {
          example = 1024;
        };
        storedMiBPerHour = setting.BrokerLimitsConfig.stored_mib_per_hour {
          example = 64;
        };
        rowsPerHour = setting.BrokerLimitsConfig.rows_per_hour {
          example = 10000;
        };
        framesPerSecond = setting.BrokerLimitsConfig.frames_per_second {
          example = 50;
        };
        eventsMiBPerHour = setting.BrokerLimitsConfig.events_mib_per_hour {
          example = 100;
        };
      };
    };

    credentials = setting.AgentConfig.credentials {
      type = variables (types.strMatching "[A-Za-z0-9_.-]{1,255}" // { description = "name of a credential"; });
      description = ''
        Environment variables that Claude Code gets from secrets: variable = name in
        {option}`services.hyperhive.credentials`. Without any, log in once by hand:
        `sudo machinectl shell h-alice /run/current-system/sw/bin/claude`.
      '';
      example = {
        CLAUDE_CODE_OAUTH_TOKEN = "claude";
      };
    };

    packages = mkOption {
      type = types.listOf types.package;
      default = [ ];
      description = "Programs on the agent's path, beside bash, the core utilities, git and ripgrep.";
      example = lib.literalExpression "[ pkgs.python3 pkgs.jq ]";
    };

    claude = {
      package = lib.mkPackageOption pkgs "claude-code" {
        extraDescription = "It is unfree: allow it with {option}`nixpkgs.config.allowUnfreePredicate`.";
      };
      env = setting.ClaudeConfig.env {
        type = variables types.str;
        example = {
          ANTHROPIC_BASE_URL = "https://gateway.example.org";
        };
      };
    };

    nix.enable = lib.mkEnableOption ''
      Nix for this agent. It then reaches the host's Nix daemon as an untrusted user, builds on the host and fills its
      store; otherwise the daemon's socket is hidden'';
  };
}
