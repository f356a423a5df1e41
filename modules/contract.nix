# Types of `broker.json` and `harness.json`, from the schemas that the program writes of its own models.
{ lib }:
let
  schemaType = import ./schema-type.nix { inherit lib; };
in
{
  broker = schemaType (lib.importJSON ../pkgs/hyperhive/contract/broker.schema.json);
  harness = schemaType (lib.importJSON ../pkgs/hyperhive/contract/harness.schema.json);
}
