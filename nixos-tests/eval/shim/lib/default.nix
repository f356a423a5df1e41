# `lib` of ../../offline.nix.
(import ../trees.nix { system = "x86_64-linux"; }).lib
