# What an older tree lacks and the flake names: an overlay of packages that can be named and not be built.
{ eval }:
_: prev:
let
  named = import (eval + "/named.nix") prev;
  missing =
    from: names:
    builtins.listToAttrs (
      map (name: {
        inherit name;
        value = from.${name} or (named name "0");
      }) names
    );
in
missing prev [ "nixfmt-tree" ]
// {
  testers = prev.testers or { } // {
    runNixOSTest = prev.testers.runNixOSTest or (_: named "vm-test" "0");
  };
  python3Packages =
    prev.python3Packages
    // missing prev.python3Packages [
      "anyio"
      "argparse-manpage"
      "blockbuster"
      "claude-agent-sdk"
      "hatchling"
      "hypothesis"
      "mcp"
      "playwright"
      "pytest-aiohttp"
      "pytest-asyncio"
      "pytest-timeout"
      "pytest-xdist"
      "pytestCheckHook"
      "ruff"
      "shtab"
    ];
}
