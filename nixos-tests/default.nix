# One VM test for every file in ./vm, for `nix flake check`: name -> derivation.
{
  # With hyperhive in it (the flake's overlay) and Claude Code, which is unfree, allowed.
  pkgs,
  self ? {
    nixosModules.default = ../modules;
  },
}:
let
  inherit (pkgs) lib;

  files = lib.filterAttrs (file: _: lib.hasSuffix ".nix" file) (builtins.readDir ./vm);
in
lib.mapAttrs' (
  file: _:
  lib.nameValuePair (lib.removeSuffix ".nix" file) (
    pkgs.testers.runNixOSTest {
      imports = [
        ./lib/scenario.nix
        (./vm + "/${file}")
      ];
      defaults.imports = [ self.nixosModules.default ];
    }
  )
) files
