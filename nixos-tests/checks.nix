# What `nix flake check` builds for one system: the package with its unit tests, whole machines, and the VM tests.
{
  nixpkgs,
  # With hyperhive in it and Claude Code allowed.
  pkgs,
  self,
}:
let
  inherit (pkgs) lib;
  inherit (pkgs.stdenv.hostPlatform) system;

  evaluation = import ./eval { inherit nixpkgs; };
  silent = lib.filterAttrs (_: case: !lib.elem case.message case.found) evaluation.failing;

  template = nixpkgs.lib.nixosSystem {
    modules = [
      self.nixosModules.default
      ../templates/default/configuration.nix
      ../templates/default/machine.nix
      { fileSystems."/".device = "/dev/disk/by-label/nixos"; }
      { nixpkgs.hostPlatform = system; }
    ];
  };

  agent = self.lib.mkAgent {
    name = "alice";
    inherit system;
    modules = [ { nixpkgs.config.allowUnfreePredicate = package: lib.getName package == "claude-code"; } ];
  };
in
{
  package = self.packages.${system}.hyperhive;
  template = template.config.system.build.toplevel;
  agent = agent.config.system.build.toplevel;
  # Evaluated, that is: each text names the systems that would be built.
  hives = pkgs.writeText "hives.json" (builtins.toJSON (lib.mapAttrs (_: hive: hive.toplevel) evaluation.hives));
  assertions =
    if silent == { } then
      pkgs.writeText "assertions.json" (builtins.toJSON evaluation.failing)
    else
      throw "no assertion stops ${lib.concatStringsSep ", " (lib.attrNames silent)}";
}
// lib.mapAttrs' (name: lib.nameValuePair "vm-${name}") (import ./. { inherit pkgs self; })
