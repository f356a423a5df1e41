# Which texts match which patterns of the schema: `file` holds `{ patterns, texts }`, the answer is a list of the
# indices of the matching texts for each pattern.
{
  library,
  modules,
  file,
}:
let
  lib = import (library + "/lib");
  translate = import (modules + "/schema-pattern.nix") { inherit lib; } "#";
  inherit (lib.importJSON file) patterns texts;

  matching =
    pattern:
    let
      expression = translate pattern;
    in
    lib.concatLists (
      lib.imap0 (index: text: lib.optional (builtins.match expression text != null) index) texts
    );
in
map matching patterns
