# The packages of ../offline.nix, called as `import nixpkgs { ... }` is.
{
  system,
  overlays ? [ ],
  config ? { },
}:
let
  inherit (import ./trees.nix { inherit system; }) eval lib nixpkgs;

  # Whoever calls for a package gets the current `lib` and a stand-in for what the tree lacks; the tree's own packages keep
  # theirs.
  current =
    packages:
    let
      named = import (eval + "/named.nix") packages;
      supplied = lib.mapAttrs (name: _: named name "0");
      lacking = lib.filterAttrs (name: isOptional: !isOptional && !packages ? ${name});
    in
    packages
    // {
      inherit lib;
      callPackage =
        file: arguments:
        let
          taken = builtins.functionArgs (import file);
        in
        packages.callPackage file (
          supplied (lacking taken) // builtins.intersectAttrs taken { inherit lib; } // arguments
        );
    };
in
current (
  import nixpkgs {
    inherit system config;
    overlays = [
      (import (eval + "/packages.nix"))
      (import ./missing.nix { inherit eval; })
    ]
    ++ map (
      overlay: final: prev:
      overlay (current final) prev
    ) overlays;
  }
)
