# A nixpkgs of names: packages that can be evaluated, and what they were made of. It becomes the `default.nix` of a
# directory with a current `lib` and `versions.json`, the Python packages with their versions.
{
  system,
  overlays ? [ ],
  config ? { },
}:
let
  lib = (import ./lib).extend (
    _: prev: {
      # Nix before 2.14 has no `builtins.readFileType`.
      filesystem = prev.filesystem // {
        pathType = path: (builtins.readDir (dirOf path)).${baseNameOf path};
      };
      # A source that needs no store to lie in.
      fileset = prev.fileset // {
        toSource =
          { root, fileset }:
          {
            inherit root;
            files = map toString (prev.fileset.toList fileset);
          };
      };
    }
  );

  named =
    pname: version:
    derivation {
      name = "${pname}-${version}";
      inherit system;
      builder = "/bin/sh";
    }
    // {
      inherit pname version;
    };

  # What was asked for, beside the derivation.
  built = pname: version: arguments: named pname version // { inherit arguments; };
  command =
    name: arguments: script:
    built name "0" (arguments // { inherit script; }) // arguments // arguments.passthru or { };

  tools = lib.genAttrs [
    "chromium"
    "gnumake"
    "installShellFiles"
    "nixfmt-tree"
    "nodejs"
    "openssl"
    "writableTmpDirAsHomeHook"
  ] (name: named name "0");

  python3Packages = lib.mapAttrs named (lib.importJSON ./versions.json) // {
    buildPythonApplication =
      arguments: built arguments.pname arguments.version arguments // { inherit (arguments) meta; };
    pytestCheckHook = named "pytest-check-hook" "0";
    python = {
      interpreter = "/bin/python3";
      sitePackages = "lib/python3.13/site-packages";
      withPackages = select: built "python3-env" "0" (select python3Packages);
    };
    toPythonModule = lib.id;
  };

  allowed = config.allowUnfreePredicate or (_: false);
  claude-code = named "claude-code" "2";

  packages =
    tools
    // {
      inherit lib python3Packages;
      callPackage = lib.callPackageWith final;
      claude-code =
        if allowed claude-code then
          claude-code // { meta.mainProgram = "claude"; }
        else
          throw "claude-code has an unfree licence";
      fetchurl = arguments: built (baseNameOf arguments.url) "0" arguments;
      linkFarm = name: built name "0";
      mkShell = built "shell" "0";
      runCommand = command;
      stdenv.hostPlatform = { inherit system; };
      testers.runNixOSTest = built "vm-test" "0";
      writeText = name: text: built name "0" { inherit text; };
      writeShellApplication =
        arguments: built arguments.name "0" arguments // { meta.mainProgram = arguments.name; };
    };

  final = lib.foldl' (before: overlay: before // overlay final before) packages overlays;
in
final
