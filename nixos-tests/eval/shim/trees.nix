# ../offline.nix with the trees that the environment names: { system } -> { lib, evaluate, ... }, and where all that is.
{ system }:
let
  eval = builtins.getEnv "HYPERHIVE_EVAL";
  nixpkgs = builtins.getEnv "HYPERHIVE_NIXPKGS";
in
import (eval + "/offline.nix") {
  inherit nixpkgs system;
  lib = builtins.getEnv "HYPERHIVE_NIXPKGS_LIB" + "/lib";
}
// {
  inherit eval nixpkgs;
}
