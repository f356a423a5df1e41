# What `nix develop` gives: everything that `make test` and `make lint` call, from nixpkgs.
{
  chromium,
  gnumake,
  hyperhive,
  mkShell,
  nixfmt-tree,
  nodejs,
  python3Packages,
}:
mkShell {
  inputsFrom = [ hyperhive.program ];
  packages = [
    chromium
    gnumake
    nixfmt-tree
    nodejs
    python3Packages.mypy
    python3Packages.playwright
    python3Packages.pytest-xdist
    python3Packages.ruff
  ];
}
