# Packages that an evaluation names and must not build: an overlay.
_: prev:
let
  named = import ./named.nix prev;
in
{
  hyperhive = named "hyperhive" "0.1.0";
  claude-code = named "claude-code" "2" // {
    meta.mainProgram = "claude";
  };
}
