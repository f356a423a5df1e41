# The module, evaluated: what every hive renders to, what every failing hive is told, and the options' documentation.
# A caller evaluates one attribute of this, such as `hives.full`, with the trees of ./offline.nix as arguments.
{
  nixpkgs,
  lib ? null,
}:
let
  offline = import ./offline.nix { inherit nixpkgs lib; };
  modules = ../../modules;
  inherit (offline.lib)
    concatStringsSep
    filter
    filterAttrs
    genAttrs
    hasSuffix
    mapAttrs
    mapAttrs'
    nameValuePair
    range
    removeSuffix
    ;

  # Name without `.nix` -> path, for every such file of a directory.
  nixFiles =
    directory:
    mapAttrs' (file: _: nameValuePair (removeSuffix ".nix" file) (directory + "/${file}")) (
      filterAttrs (file: _: hasSuffix ".nix" file) (builtins.readDir directory)
    );

  system =
    hive:
    offline.evaluate [
      ./machine.nix
      modules
      hive
    ];

  # Names the whole system with all of its containers, and so evaluates it.
  toplevel =
    evaluated: builtins.unsafeDiscardStringContext evaluated.config.system.build.toplevel.drvPath;

  files = import ./files.nix {
    inherit (offline) lib pkgs;
    inherit modules;
  };

  # A message without its line breaks, which are wherever its author's editor made them.
  joined =
    text:
    concatStringsSep " " (
      filter (word: builtins.isString word && word != "") (builtins.split "[[:space:]]+" text)
    );

  # A hive is a NixOS module; one that must not evaluate stands beside what is said then.
  hives = nixFiles ./hives // {
    template = ../../templates/default/configuration.nix;
  };
  failing = mapAttrs (_: import) (nixFiles ./failing);
  refused = mapAttrs (_: import) (nixFiles ./refused);
in
{
  inherit (offline) release;
  hives = mapAttrs (
    _: hive:
    let
      evaluated = system hive;
    in
    {
      # Path -> text, or a value that is JSON there, as in expected/<hive>.json.
      files = files evaluated;
      toplevel = toplevel evaluated;
    }
  ) hives;

  # A hive that a false assertion stops, and what the assertions say.
  failing = mapAttrs (_: case: {
    message = joined case.message;
    found = map (failed: joined failed.message) (
      filter (one: !one.assertion) (system case.hive).config.assertions
    );
  }) failing;

  # A hive with a wrong option, type or value: evaluating `value` fails, and `message` is part of what Nix says.
  refused = mapAttrs (_: case: {
    inherit (case) message;
    value =
      let
        inherit ((system case.hive).config) containers services;
      in
      builtins.toJSON [
        services.hyperhive.settings
        (mapAttrs (_: one: one.config.hyperhive.settings) containers)
      ];
  }) refused;

  # A hive of so many agents, to measure what one more costs.
  sized =
    count:
    toplevel (system {
      services.hyperhive = {
        enable = true;
        manager.enable = false;
        agents = genAttrs (map (number: "agent-${toString number}") (range 1 count)) (_: { });
      };
    });

  uidBases = map (import (modules + "/uid-base.nix") { inherit (offline) lib; });

  options = import ./options.nix {
    inherit (offline) lib evaluate;
    inherit modules;
  };
}
