# How a NixOS system is evaluated with the trees at hand: { nixpkgs, lib } -> { lib, pkgs, evaluate }.
{
  # A checkout of nixpkgs. From 25.11 on it is taken as it is.
  nixpkgs,
  # The `lib` directory of a current nixpkgs, needed beside an older tree only.
  lib ? null,
  system ? "x86_64-linux",
}:
let
  own = import (nixpkgs + "/lib");
  current = builtins.compareVersions own.trivial.release "25.11" >= 0;

  extended =
    if current then
      own
    else if lib == null then
      throw "nixpkgs ${own.trivial.release} needs the `lib` of a current nixpkgs beside it"
    else
      (import lib).extend (import ./older-lib.nix);

  packages = import nixpkgs {
    inherit system;
    config = { };
    overlays = [ (import ./packages.nix) ];
  };

  # An older tree hands `pkgs.lib` to the containers' own evaluations, and knows no file formats.
  pkgs =
    if current then
      packages
    else
      packages
      // {
        lib = extended;
        formats.json = _: { type = extended.types.serializableValueWith { typeName = "JSON"; }; };
      };
in
{
  inherit pkgs;
  inherit (own.trivial) release;
  lib = extended;

  # The evaluated system of a list of modules: { config, options, ... }.
  evaluate =
    modules:
    import (nixpkgs + "/nixos/lib/eval-config.nix") (
      if current then
        {
          system = null;
          modules = modules ++ [ { nixpkgs.pkgs = pkgs; } ];
        }
      else
        {
          inherit pkgs system;
          lib = extended;
          modules = modules ++ [ ./older-nixos.nix ];
        }
    );
}
