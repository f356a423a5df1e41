# What an agent has on the host only, and how its other options reach the container.
{
  config,
  lib,
  options,
  ...
}:
let
  inherit (lib) mkOption types;

  own = [
    "_module"
    "autoStart"
    "config"
    "enable"
    "forwarded"
  ];

  # Looks at every value, so that a mistake is reported under the option that the operator wrote.
  force =
    value:
    if lib.isDerivation value then
      true
    else if lib.isAttrs value then
      lib.all force (lib.attrValues value)
    else if lib.isList value then
      lib.all force value
    else
      builtins.seq value true;

  # Definitions, not values: what is left at its default here may be set inside the container.
  forward =
    option:
    lib.mkIf (option.highestPrio < (lib.mkOptionDefault null).priority && force option.value) (
      lib.mkMerge (
        map (
          definition:
          lib.mkDefinition {
            inherit (definition) file;
            value = lib.mkOverride option.highestPrio definition.value;
          }
        ) option.definitionsWithLocations
      )
    );
in
{
  options = {
    autoStart = mkOption {
      type = types.bool;
      default = true;
      description = "Whether the agent's container starts with the machine.";
      example = false;
    };

    config = mkOption {
      type = types.deferredModule;
      default = { };
      description = ''
        More NixOS configuration of the agent's container: a module or a path to one. There the options of the agent are
        called `hyperhive.*`, so that one file `agent.nix` describes an agent whole.
      '';
      example = lib.literalExpression ''
        { pkgs, ... }: {
          hyperhive.allowedRecipients = [ "manager" "alice" ];
          environment.systemPackages = [ pkgs.python3 ];
        }
      '';
    };

    forwarded = mkOption {
      type = types.raw;
      internal = true;
      readOnly = true;
      description = "Definitions of the agent's options, for `hyperhive` inside the container.";
    };
  };

  config.forwarded = lib.mapAttrsRecursiveCond (option: !lib.isOption option) (_: forward) (
    removeAttrs options own
  );
}
