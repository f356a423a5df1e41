# The VM tests' machines, evaluated without NixOS's test framework: name -> what the Python tests look at.
{
  nixpkgs,
  lib ? null,
}:
let
  offline = import ../eval/offline.nix { inherit nixpkgs lib; };
  inherit (offline.lib)
    evalModules
    filterAttrs
    hasSuffix
    mapAttrs
    mapAttrs'
    mkOption
    nameValuePair
    removeSuffix
    types
    ;

  option = type: mkOption { inherit type; };

  # What ./scenario.nix sets of the framework's options.
  framework.options = {
    name = option types.str;
    testScript = option types.str;
    globalTimeout = option types.int;
    nodes.machine = option types.deferredModule;
  };

  qemu.options.virtualisation = {
    cores = option types.ints.positive;
    memorySize = option types.ints.positive;
    useNixStoreImage = option types.bool;
    writableStore = option types.bool;
  };

  files = import ../eval/files.nix {
    inherit (offline) lib pkgs;
    modules = ../../modules;
    tests = [
      ./.
      ../vm
    ];
  };

  script = "host/etc/scripted-model.toml";

  describe =
    file:
    let
      test =
        (evalModules {
          modules = [
            framework
            ./scenario.nix
            file
          ];
        }).config;

      machine = offline.evaluate [
        ../eval/machine.nix
        ../../modules
        qemu
        test.nodes.machine
      ];
      inherit (machine) config;
      rendered = files machine;
    in
    {
      inherit (test) name scenario hive globalTimeout;
      failed = map (one: one.message) (builtins.filter (one: !one.assertion) config.assertions);
      broker = config.services.hyperhive.settings;
      harnesses = mapAttrs (
        name: _: config.containers."h-${name}".config.hyperhive.settings
      ) config.services.hyperhive.evaluated;
      model = config.systemd.services.scripted-model.serviceConfig.ExecStart;
      inherit (config.services.hyperhive.network) hostPorts;
      # What the model says; machines with the same hive differ in nothing else.
      script = rendered.${script};
      # Path -> text, or a value that is JSON there, as in ../eval/expected/vm-HIVE.json.
      files = removeAttrs rendered [ script ];
      # Everything; its name is all that is wanted of it.
      toplevel = builtins.unsafeDiscardStringContext config.system.build.toplevel.drvPath;
    };
in
mapAttrs' (file: _: nameValuePair (removeSuffix ".nix" file) (describe (../vm + "/${file}"))) (
  filterAttrs (file: _: hasSuffix ".nix" file) (builtins.readDir ../vm)
)
