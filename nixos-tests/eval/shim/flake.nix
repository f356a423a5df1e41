# Stands in for the flake's input nixpkgs where the only whole nixpkgs is an old one: looks like a current one, as far as
# the flake looks at it, and hands everything to ../offline.nix. A flake cannot reach out of its directory, so the
# environment names that one, and nothing of the trees is copied.
{
  description = "nixpkgs as it is on this machine";

  outputs =
    { self }:
    let
      lib = import ./lib;
    in
    {
      lib = lib // {
        nixosSystem = { modules, ... }: import ./nixos/lib/eval-config.nix { inherit modules; };
      };
      legacyPackages = lib.genAttrs [
        "x86_64-linux"
        "aarch64-linux"
      ] (system: import self { inherit system; });
    };
}
