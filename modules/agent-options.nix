# Options of one agent: `services.hyperhive.agents.<name>` on the host, `hyperhive` inside its container.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;

  namedAttrs = import ./named-attrs.nix { inherit lib; };

  variables =
    elem:
    namedAttrs {
      inherit elem;
      pattern = "[A-Za-z_][A-Za-z0-9_]*";
      what = "an environment variable";
    };

  modelName =
    types.addCheck types.nonEmptyStr (name: lib.stringLength name <= 200)
    // {
      description = "non-empty string of at most 200 characters";
    };

  mcpServer = types.submodule {
    options = {
      command = mkOption {
        type = types.nonEmptyStr;
        description = "Program of the server; it speaks MCP over stdin and stdout.";
        example = "python3";
      };
      args = mkOption {
        type = types.listOf types.str;
        default = [ ];
        description = "Arguments of the program.";
        example = [ "/agents/alice/state/orders.py" ];
      };
      env = mkOption {
        type = variables types.str;
        default = { };
        description = ''
          Environment variables of the server. They are written to the world-readable Nix store: no secrets.
        '';
        example = {
          LOG_LEVEL = "warn";
        };
      };
      allowedTools = mkOption {
        type = types.listOf (
          types.strMatching "\\*|[A-Za-z0-9_.-]+" // { description = "name of a tool, or `*`"; }
        );
        default = [ "*" ];
        description = ''
          Tools of this server that the agent may call, `*` for all of them. The agent does not even see the others.
        '';
        example = [ "query" ];
      };
    };
  };
in
{
  options = {
    role = mkOption {
      type = types.enum [
        "agent"
        "manager"
      ];
      default = "agent";
      description = ''
        The manager coordinates the hive: it may write to everyone, and start, stop and restart agents. A hive has at
        most one; {option}`services.hyperhive.manager` declares it.
      '';
      example = "manager";
    };

    model = mkOption {
      type = modelName;
      default = "sonnet";
      description = "Model that the agent starts with: an alias or a full model name, as Claude Code takes it.";
      example = "claude-opus-4-5";
    };

    models = mkOption {
      type = types.listOf modelName;
      default = lib.unique [
        config.model
        "sonnet"
        "opus"
        "haiku"
      ];
      defaultText = lib.literalExpression ''lib.unique [ model "sonnet" "opus" "haiku" ]'';
      description = "Models that the operator may choose for this agent. The agent's `model` must be among them.";
      example = [
        "sonnet"
        "haiku"
      ];
    };

    systemPrompt = mkOption {
      type = types.lines;
      default = "";
      description = "Text that follows hyperhive's own system prompt: who this agent is and what it is to do.";
      example = "You look after the tests of the project in ./shop. Report failures to the manager.";
    };

    allowedRecipients = mkOption {
      type = types.nullOr (types.listOf (
          types.strMatching "[a-z]([a-z0-9-]{0,29}[a-z0-9])?" // { description = "name of an agent"; }
        ));
      default = null;
      description = ''
        Whom this agent may write to and ask: names of agents, `manager`, `operator`. `null` is anyone, `[ ]` is
        nobody. The broker on the host enforces it. It has no effect on the manager, who may always write to everyone.
      '';
      example = [
        "manager"
        "alice"
      ];
    };

    bash.allow = mkOption {
      type = types.nullOr (types.listOf types.nonEmptyStr);
      default = null;
      description = ''
        Commands that the agent may run, as patterns in Claude Code's form: `git *` is `git` with anything behind it,
        `git status` is exactly that, `> out/*` lets a command write to such a file. `null` is any command, `[ ]` takes
        Bash away. Every simple command of a line must match a pattern, also inside of pipes, `$(…)` and behind
        wrappers such as `xargs`; what cannot be analysed is refused. `hyperhive explain AGENT 'COMMAND'` says what
        holds and why.

        A pattern cannot promise what the program itself starts: `git *` includes `git -c alias.x='!sh' x`. The walls of
        the container hold all the same.
      '';
      example = [
        "git *"
        "nix build *"
      ];
    };

    tools = mkOption {
      type = types.listOf (
        types.strMatching "[A-Z][A-Za-z]*" // { description = "name of a built-in tool of Claude Code"; }
      );
      default = [
        "Bash"
        "Read"
        "Write"
        "Edit"
        "Glob"
        "Grep"
      ];
      description = "Built-in tools of Claude Code that the agent has. Hyperhive's own tools do not count.";
      example = [
        "Read"
        "Grep"
      ];
    };

    mcpServers = mkOption {
      type = namedAttrs {
        elem = mcpServer;
        pattern = "[A-Za-z0-9][A-Za-z0-9_-]{0,63}";
        what = "a server";
      };
      default = { };
      description = ''
        Extra MCP servers, started inside of the container. Their tools are called `mcp__<name>__<tool>`. The name
        `hyperhive` is taken.
      '';
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

    notes.compactAboveBytes = mkOption {
      type = types.ints.unsigned;
      default = 65536;
      description = ''
        Size of `notes.md` in bytes over which an idle agent's notes are rewritten shorter; the old file is kept. `0`
        never does.
      '';
      example = 32768;
    };

    context.compactAbovePercent = mkOption {
      type = types.ints.between 0 95;
      default = 80;
      description = ''
        Use of the model's context window, in percent, over which the agent saves its notes and the session is
        compacted. `0` leaves it to Claude Code.
      '';
      example = 60;
    };

    budget = {
      usdCentsPerDay = mkOption {
        type = types.nullOr types.ints.positive;
        default = null;
        description = ''
          Estimated cost per day (UTC) in US cents at which no new turn starts; mail keeps queueing. `null` is no cap.
        '';
        example = 500;
      };
      turnsPerDay = mkOption {
        type = types.nullOr types.ints.positive;
        default = null;
        description = "Turns per day (UTC) after which no new turn starts; mail keeps queueing. `null` is no cap.";
        example = 200;
      };
    };

    limits = {
      cpuPercent = mkOption {
        type = types.ints.between 1 100000;
        default = 200;
        description = "CPU time of the container in percent of one core.";
        example = 50;
      };
      memoryMiB = mkOption {
        type = types.ints.between 64 1073741824;
        default = 4096;
        description = "Memory of the container in MiB. It gets no swap.";
        example = 2048;
      };
      diskMiB = mkOption {
        type = types.ints.between 64 1073741824;
        default = 10240;
        description = ''
          Most that the agent may keep, in MiB: its state, what Claude Code keeps, and its container's root together. They
          lie in a file of the host that takes as much as is used. A new value restarts the agent; a smaller one holds
          as soon as everything fits.
        '';
        example = 51200;
      };
      tasks = mkOption {
        type = types.ints.between 16 4194304;
        default = 1024;
        description = "Processes and threads that the container may have.";
        example = 512;
      };
    };

    credentials = mkOption {
      type = variables (types.strMatching "[A-Za-z0-9_.-]{1,255}" // { description = "name of a credential"; });
      default = { };
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
      env = mkOption {
        type = variables types.str;
        default = { };
        description = ''
          More environment variables of Claude Code. They are written to the world-readable Nix store: for secrets there is
          `credentials`.
        '';
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
