# A configuration file of the program, which the program itself has checked: { pkgs, package } -> kind -> value -> file.
{ pkgs, package }:
# `kind` is "broker" or "harness", as `hyperhive check-config` knows them.
kind: value:
pkgs.runCommand "${kind}.json"
  {
    content = builtins.toJSON value;
    passAsFile = [ "content" ];
    nativeBuildInputs = [ package ];
    # Sending it to another machine takes longer than making it.
    preferLocalBuild = true;
    allowSubstitutes = false;
  }
  ''
    cp "$contentPath" ${kind}.json
    hyperhive check-config --kind ${kind} ${kind}.json
    cp ${kind}.json "$out"
  ''
