# What `nix run` runs: the program, and its demonstration with a Claude Code beside it.
{ hyperhive, pkgs }:
let
  inherit (pkgs) lib;

  # It is unfree, so nixpkgs refuses to evaluate it until its user says otherwise.
  claude = builtins.tryEval (builtins.seq pkgs.claude-code.drvPath pkgs.claude-code);

  demo = pkgs.writeShellApplication {
    name = "hyperhive-demo";
    runtimeInputs = [ hyperhive ] ++ lib.optional claude.success claude.value;
    text =
      lib.optionalString (!claude.success) ''
        if ! command -v claude >/dev/null; then
          cat >&2 <<'END'
        The demo runs the real Claude Code (offline, against a scripted model), and nixpkgs has it as an unfree package.
        Allow it for this one command:  NIXPKGS_ALLOW_UNFREE=1 nix run --impure <this flake>#demo
        or have a program called claude in PATH.
        END
          exit 1
        fi
      ''
      + ''
        exec hyperhive demo "$@"
      '';
  };

  app = package: description: {
    type = "app";
    program = lib.getExe package;
    meta = { inherit description; };
  };
in
{
  default = app hyperhive hyperhive.meta.description;
  demo = app demo "A hive to look at, offline: real Claude Code, scripted model";
}
