# What NixOS before 25.11 lacks: options that the modules set, and a container's settings in their present form.
{
  config,
  lib,
  ...
}:
let
  inherit (lib) mkOption types;

  option =
    type: default:
    mkOption {
      inherit type default;
      description = "Only here so that an older NixOS accepts it.";
    };

  # On the host and in every container.
  inside =
    { config, ... }:
    {
      options = {
        boot.isNspawnContainer = option types.bool false;
        nix.enable = option types.bool true;
        nixpkgs.hostPlatform = option types.raw null;
        networking.nftables.flushRuleset = option types.bool false;
        networking.firewall = {
          backend = option types.str (
            if config.networking.nftables.enable then "nftables" else "iptables"
          );
          extraForwardRules = option types.lines "";
        };
      };
      config = {
        boot.isContainer = lib.mkIf config.boot.isNspawnContainer (lib.mkDefault true);
        # Documentation is a second evaluation of all modules, and this tree's fails with a current `lib`.
        documentation.nixos.enable = false;
      };
    };

  containers = lib.attrNames config.containers;
in
{
  imports = [ inside ];

  options.containers = mkOption {
    type = types.attrsOf (
      types.submodule {
        options.privateUsers = option (types.either types.ints.u32 types.str) "no";
        config.config = inside;
      }
    );
  };

  config = {
    # A current NixOS calls the directory so.
    environment.etc = lib.listToAttrs (
      map (name: {
        name = "nixos-containers/${name}.conf";
        value.text = ''
          ${config.environment.etc."containers/${name}.conf".text}
          COPY_RESOLV_CONF=1
          PRIVATE_USERS=${toString config.containers.${name}.privateUsers}
        '';
      }) containers
    );
  };
}
