# What the program's schemas say of its settings, for the options that are written by hand: default, description, and
# the type of numbers, whose bounds stand there.
{ lib }:
let
  models = kind: (lib.importJSON (../pkgs/hyperhive/contract + "/${kind}.schema.json"))."$defs";
  fields = lib.mapAttrs (_: model: model.properties) (models "broker" // models "harness");

  taken = builtins.intersectAttrs {
    default = null;
    description = null;
  };
  number = field: lib.types.ints.between field.minimum field.maximum;
  type =
    field:
    if field.type or null == "integer" then
      { type = number field; }
    else if lib.any (one: one.type or null == "integer") (field.anyOf or [ ]) then
      { type = lib.types.nullOr (number (lib.head field.anyOf)); }
    else
      { };
  option = field: written: lib.mkOption (taken field // type field // written);
  hasDefault = lib.filterAttrs (_: field: field ? default);
in
{
  # `setting.<model>.<field> { type = …; example = …; }` is an option; a number needs no type.
  setting = lib.mapAttrs (_: lib.mapAttrs (_: option)) fields;

  # Text that the program takes without line ends and other control characters.
  oneLine =
    text:
    lib.types.addCheck text (value: builtins.match "[^[:cntrl:]]*" value != null)
    // {
      description = "${text.description} on one line";
    };

  # `defaults.<model>`: its fields where nobody says otherwise.
  defaults = lib.mapAttrs (_: model: lib.mapAttrs (_: field: field.default) (hasDefault model)) fields;
}
