# A VM test that plays a scenario: what happens stands in ../scenarios/NAME.py, what the model says in NAME.toml.
{ config, lib, ... }:
{
  options = {
    scenario = lib.mkOption {
      type = lib.types.str;
      description = "Name of the scenario, and of the test.";
      example = "messages";
    };

    hive = lib.mkOption {
      type = lib.types.str;
      description = "Name of the machine's hive, a file of `hives/`. With few of them a driver seldom has to bring one up.";
      example = "team";
    };
  };

  config = {
    name = "hyperhive-${config.scenario}";

    nodes.machine = {
      imports = [
        ./machine.nix
        (./hives + "/${config.hive}.nix")
      ];

      scriptedModel.script = ../scenarios + "/${config.scenario}.toml";

      virtualisation = {
        cores = 2;
        # A Claude Code process takes about 250 MiB, and every test has three agents at most.
        memorySize = 4096;
        # Containers with uid ranges of their own need a store on a file system that can map owners: the test's usual
        # one, an overlay on 9p, cannot.
        useNixStoreImage = true;
        writableStore = false;
      };
    };

    testScript = builtins.readFile ./looks.py + builtins.readFile (../scenarios + "/${config.scenario}.py");
    # Enough for a machine without KVM; a scenario takes a minute or two.
    globalTimeout = 1200;
  };
}
