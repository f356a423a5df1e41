# Evaluates a NixOS system as a current nixpkgs does.
{
  modules,
  system ? "x86_64-linux",
  ...
}:
(import ../../trees.nix { system = if system == null then "x86_64-linux" else system; }).evaluate modules
