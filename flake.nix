# Wires the repository's parts into a flake; what an output holds stands in the file that is named here.
{
  description = "A hive of Claude Code agents on one machine, under one operator";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      forSystems = lib.genAttrs [
        "x86_64-linux"
        "aarch64-linux"
      ];
      pkgsFor = system: nixpkgs.legacyPackages.${system};
      packageFor = pkgs: self.packages.${pkgs.stdenv.hostPlatform.system}.hyperhive;

      # The tests run the real Claude Code. Whoever runs them says yes to its licence; nothing else here does.
      testPkgsFor =
        system:
        import nixpkgs {
          inherit system;
          overlays = [ self.overlays.default ];
          config.allowUnfreePredicate = package: lib.getName package == "claude-code";
        };
      vmTestsFor =
        system:
        import ./nixos-tests {
          inherit self;
          pkgs = testPkgsFor system;
        };
    in
    {
      overlays.default = final: _prev: {
        hyperhive = final.callPackage ./pkgs/hyperhive/package.nix { };
      };

      packages = forSystems (system: rec {
        default = hyperhive;
        hyperhive = (pkgsFor system).callPackage ./pkgs/hyperhive/package.nix {
          vmTests = vmTestsFor system;
        };
      });

      nixosModules = {
        default = self.nixosModules.hyperhive;
        hyperhive =
          { pkgs, ... }:
          {
            imports = [ ./modules ];
            services.hyperhive.package = lib.mkDefault (packageFor pkgs);
          };
        agent =
          { pkgs, ... }:
          {
            imports = [ ./modules/agent.nix ];
            hyperhive.package = lib.mkDefault (packageFor pkgs);
          };
      };

      lib.mkAgent = import ./modules/mk-agent.nix {
        inherit (lib) nixosSystem;
        agent = self.nixosModules.agent;
      };

      apps = forSystems (
        system:
        import ./pkgs/hyperhive/apps.nix {
          inherit (self.packages.${system}) hyperhive;
          pkgs = pkgsFor system;
        }
      );

      checks = forSystems (
        system:
        import ./nixos-tests/checks.nix {
          inherit nixpkgs self;
          pkgs = testPkgsFor system;
        }
      );

      devShells = forSystems (system: {
        default = (pkgsFor system).callPackage ./pkgs/hyperhive/dev-shell.nix {
          inherit (self.packages.${system}) hyperhive;
        };
      });

      formatter = forSystems (system: (pkgsFor system).nixfmt-tree);

      templates.default = {
        path = ./templates/default;
        description = "A NixOS machine with a hive: a manager and two agents";
      };
    };
}
