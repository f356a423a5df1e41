# The scripted model as a unit of the host, and every agent's Claude Code sent there instead of to its vendor.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;

  cfg = config.scriptedModel;
  hive = config.services.hyperhive;
  inherit (import ../../modules/addresses.nix { inherit lib; } hive.network.subnet) host;

  # As `hyperhive demo` sets them; the key is for nobody's door.
  sent =
    { name, ... }:
    {
      claude.env = {
        ANTHROPIC_BASE_URL = "http://${host}:${toString cfg.port}/agents/${name}";
        ANTHROPIC_API_KEY = "scripted-model";
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC = "1";
        CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL = "1";
      };
    };
in
{
  options = {
    scriptedModel = {
      script = mkOption {
        type = types.path;
        description = "What the model answers to which mail.";
        example = lib.literalExpression "../scenarios/messages.toml";
      };
      port = mkOption {
        type = types.port;
        default = 4000;
        description = "TCP port of the model, open to agents.";
        example = 4001;
      };
    };

    # Declared once more, so that the variables reach agents whose names are not known here.
    services.hyperhive = {
      agents = mkOption { type = types.attrsOf (types.submodule sent); };
      manager = mkOption { type = types.submodule sent; };
    };
  };

  config = {
    services.hyperhive.network.hostPorts = [ cfg.port ];

    # At a place that is the same for all scenarios, so that another script does not take another unit.
    environment.etc."scripted-model.toml".source = cfg.script;

    systemd.services.scripted-model = {
      description = "Scripted model in the place of Claude's API";
      wantedBy = [ "multi-user.target" ];
      serviceConfig = {
        # The host's address in the hive's network is there only while an agent's container runs.
        ExecStart = "${lib.getExe hive.package} scripted-model --host 0.0.0.0 --port ${toString cfg.port} --script /etc/scripted-model.toml";
        ExecReload = "${lib.getExe' pkgs.coreutils "kill"} -HUP $MAINPID";
        DynamicUser = true;
      };
    };
  };
}
