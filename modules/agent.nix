# The container's side of one agent: `hyperhive.*`, the harness's unit and Claude Code's managed settings.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;

  cfg = config.hyperhive;
  inherit (import ./contract.nix { inherit lib; }) setting;
  render = import ./render.nix { inherit lib; };
  managedSettings = import ./managed-settings.nix { inherit lib; };
  checkedConfig = import ./checked-config.nix {
    inherit pkgs;
    inherit (cfg) package;
  };

  # A `claude` that somebody starts in the container is the agent, too: same home, same tools of the hive, and nothing
  # from settings that the agent may have left in its directories. The option of servers takes all that follows it.
  claudeByHand = pkgs.writeShellScriptBin "claude" ''
    export HOME=/agents/${cfg.name}/claude
    exec ${lib.getExe cfg.claude.package} \
      --mcp-config /etc/hyperhive/mcp.json --strict-mcp-config --setting-sources= "$@"
  '';
in
{
  options.hyperhive = mkOption {
    type = types.submodule [
      { _module.args = { inherit pkgs; }; }
      ./agent-options.nix
      {
        options = {
          name = mkOption {
            type = types.strMatching "[a-z]([a-z0-9-]{0,29}[a-z0-9])?" // {
              description = "name of an agent: lower-case letters, digits and hyphens, at most 31, beginning with a letter";
            };
            description = "The agent's name.";
            example = "alice";
          };
          package = lib.mkPackageOption pkgs "hyperhive" { };
          operator.pronouns = setting.OperatorConfig.pronouns {
            type = types.str;
            example = "she/her";
          };
          settings = mkOption {
            inherit (pkgs.formats.json { }) type;
            default = { };
            description = ''
              The harness's configuration file, `/etc/hyperhive/harness.json`. It is filled from the other options. The
              program checks it while the system builds.
            '';
            example = {
              claude.env.DISABLE_PROMPT_CACHING = "1";
            };
          };
        };
      }
    ];
    description = "The agent that lives in this container.";
  };

  config = {
    hyperhive.settings = render.harness cfg;

    environment.etc = {
      "hyperhive/harness.json".source = checkedConfig "harness" cfg.settings;
      "hyperhive/mcp.json".text = builtins.toJSON {
        mcpServers.hyperhive = {
          command = lib.getExe cfg.package;
          args = [
            "mcp"
            "--config"
            "/etc/hyperhive/harness.json"
          ];
        };
      };
      "claude-code/managed-settings.json".text = builtins.toJSON (managedSettings {
        inherit (cfg) mcpServers tools;
        bash = cfg.bash.allow;
        gate = "${pkgs.coreutils}/bin/timeout 30 ${lib.getExe cfg.package} tool-hook --config /etc/hyperhive/harness.json";
        # Managed variables win over those of the session, where the credentials are.
        env = removeAttrs cfg.claude.env (lib.attrNames cfg.credentials);
      });
    };

    environment.systemPackages = [
      cfg.package
      claudeByHand
    ]
    ++ cfg.packages;

    systemd.services.hyperhive-harness = {
      description = "Harness of agent ${cfg.name}";
      wantedBy = [ "multi-user.target" ];
      after = [ "network.target" ];
      restartTriggers = [
        config.environment.etc."hyperhive/harness.json".source
        config.environment.etc."claude-code/managed-settings.json".source
      ];
      path = [
        pkgs.bashInteractive
        pkgs.git
        pkgs.ripgrep
      ]
      ++ lib.optional cfg.nix.enable config.nix.package
      ++ cfg.packages;
      environment.PYTHONUNBUFFERED = "1";
      # The broker may be away for longer than any limit on restarts would allow.
      unitConfig.StartLimitIntervalSec = 0;
      serviceConfig = {
        ExecStart = "${lib.getExe cfg.package} harness --config /etc/hyperhive/harness.json";
        WorkingDirectory = "/agents/${cfg.name}/state";
        LoadCredential = lib.unique (lib.attrValues cfg.credentials);
        Restart = "always";
        RestartSec = 2;
        # The harness ends its Claude Code by itself; what is left after that goes with it.
        KillMode = "mixed";
        TimeoutStopSec = 20;
        # A command that ran out of memory fails by itself and must not take the session with it.
        OOMPolicy = "continue";
        UMask = "0077";
        # Root of the container could otherwise replace the links there.
        ReadOnlyPaths = [
          "/etc/claude-code"
          "/etc/hyperhive"
        ];
      };
    };

    nix.enable = cfg.nix.enable;

    # The host's resolver often listens on the host's loopback, which is not this one's.
    networking.useHostResolvConf = lib.mkForce false;
    documentation.enable = lib.mkDefault false;
    system.stateVersion = lib.mkDefault "26.05";
  };
}
