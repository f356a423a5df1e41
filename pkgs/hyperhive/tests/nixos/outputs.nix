# The flake's outputs with another nixpkgs in place of its input: { root, nixpkgs } -> outputs.
{
  root,
  nixpkgs,
  # Evaluates a list of modules to a NixOS system.
  nixosSystem ? arguments: { inherit arguments; },
}:
let
  flake = import (root + "/flake.nix");
  tree = /. + nixpkgs;
  inherit (import tree { system = "x86_64-linux"; }) lib;
  input = {
    outPath = toString tree;
    lib = lib // {
      inherit nixosSystem;
    };
    legacyPackages = lib.genAttrs [
      "x86_64-linux"
      "aarch64-linux"
    ] (system: import tree { inherit system; });
  };
  self = flake.outputs {
    inherit self;
    nixpkgs = input;
  };
in
self // { inherit (flake) inputs; }
