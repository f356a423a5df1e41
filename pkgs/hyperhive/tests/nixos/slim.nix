# A machine with our modules and as little else as they need: what they define elsewhere is merged and asked for, but not
# understood. It evaluates in a twentieth of the time of a whole NixOS.
{ lib, modules }:
let
  inherit (lib) mkOption types;

  # Whatever is defined; as in NixOS, attributes and lists of several modules are put together.
  anything = lib.mkOptionType {
    name = "anything at all";
    merge =
      loc: definitions:
      let
        values = lib.getValues definitions;
      in
      if lib.all (value: lib.isAttrs value && !lib.isDerivation value) values then
        (types.lazyAttrsOf anything).merge loc definitions
      else if lib.all lib.isList values then
        lib.concatLists values
      else
        lib.head values;
  };

  # It depends on everything that would be written into it.
  file =
    name: attributes:
    derivation (
      {
        inherit name;
        system = "x86_64-linux";
        builder = "/bin/sh";
      }
      // attributes
    );

  pkgs =
    lib.genAttrs
      [
        "bashInteractive"
        "claude-code"
        "coreutils"
        "e2fsprogs"
        "git"
        "hyperhive"
        "nftables"
        "nix"
        "ripgrep"
        "systemd"
      ]
      (
        name:
        file name { }
        // {
          meta.mainProgram = name;
        }
      )
    // {
      writeShellScriptBin = name: text: file name { inherit text; };
      writeText = name: text: file name { inherit text; };
      runCommand = name: attributes: script: file name (attributes // { inherit script; });
      formats.json = _: { type = types.serializableValueWith { typeName = "JSON"; }; };
    };

  free = mkOption {
    type = anything;
    default = { };
  };
  list = mkOption {
    type = anything;
    default = [ ];
  };

  etc = {
    freeformType = types.lazyAttrsOf anything;
    options.text = mkOption {
      type = types.str;
      default = "";
    };
  };

  container =
    { name, ... }:
    {
      freeformType = types.lazyAttrsOf anything;
      options.config = mkOption {
        type = lib.mkOptionType {
          name = "configuration of a container";
          merge =
            _: definitions:
            (evaluate [ "containers" name ] (map (definition: definition.value) definitions)).config;
        };
      };
    };

  machine = {
    options = {
      assertions = list;
      boot = free;
      containers = mkOption {
        type = types.attrsOf (types.submodule container);
        default = { };
      };
      documentation = free;
      environment = {
        etc = mkOption {
          type = types.attrsOf (
            types.submodule (
              { config, ... }:
              {
                imports = [ etc ];
                config.source = lib.mkOptionDefault (pkgs.writeText "etc" config.text);
              }
            )
          );
        };
        systemPackages = list;
      };
      # What these are defined to be depends on some of them.
      networking = {
        firewall = lib.genAttrs [ "enable" "backend" ] (_: free) // {
          allowedTCPPorts = list;
          extraCommands = list;
          extraForwardRules = list;
          extraStopCommands = list;
          interfaces = free;
        };
        nameservers = list;
        nftables.enable = free;
        useHostResolvConf = free;
      };
      nix = free;
      nixpkgs = free;
      security = free;
      system = free;
      systemd = free;
      users = free;
      warnings = list;
    };
    config = {
      _module.args = { inherit pkgs; };
      networking = {
        firewall = {
          enable = true;
          backend = "iptables";
        };
        nftables.enable = false;
      };
      nix.package = pkgs.nix;
      systemd.package = pkgs.systemd;
    };
  };

  evaluate =
    prefix: extra:
    lib.evalModules {
      inherit prefix;
      modules = [ machine ] ++ extra;
    };

  # What ends up on the machine: without the options that it is made of.
  outcome =
    config:
    removeAttrs config [
      "_module"
      "assertions"
      "containers"
      "hyperhive"
      "nixpkgs"
      "services"
    ]
    // {
      containers = lib.mapAttrs (
        _: container: removeAttrs container [ "config" ] // { inside = outcome container.config; }
      ) config.containers;
    };

  failed = config: lib.filter (one: !one.assertion) config.assertions;
in
hive:
let
  machine = evaluate [ ] [
    modules
    hive
  ];
in
{
  inherit (machine) config options;
  outcome =
    if failed machine.config != [ ] then
      throw (lib.concatMapStringsSep "\n" (one: one.message) (failed machine.config))
    else
      builtins.toJSON (outcome machine.config);
}
