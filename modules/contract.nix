# What the program's schemas say of its settings: default and description, for the options that are written by hand.
{ lib }:
let
  models = kind: (lib.importJSON (../pkgs/hyperhive/contract + "/${kind}.schema.json"))."$defs";
  fields = lib.mapAttrs (_: model: model.properties) (models "broker" // models "harness");

  taken = builtins.intersectAttrs {
    default = null;
    description = null;
  };
  option = field: written: lib.mkOption (taken field // written);
  hasDefault = lib.filterAttrs (_: field: field ? default);
in
{
  # `setting.<model>.<field> { type = …; example = …; }` is an option.
  setting = lib.mapAttrs (_: lib.mapAttrs (_: option)) fields;

  # `defaults.<model>`: its fields where nobody says otherwise.
  defaults = lib.mapAttrs (_: model: lib.mapAttrs (_: field: field.default) (hasDefault model)) fields;
}
