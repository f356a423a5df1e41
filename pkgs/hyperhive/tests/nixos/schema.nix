# Translates the JSON schema `schema` whole and answers with the description of its type.
{
  library,
  modules,
  schema,
}:
let
  lib = import (library + "/lib");
in
(import (modules + "/schema-type.nix") { inherit lib; } (builtins.fromJSON schema)).description
