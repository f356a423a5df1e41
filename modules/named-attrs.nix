# An attribute set of `elem` whose names match a pattern (POSIX, whole name); `what` says what the names are.
{ lib }:
{
  pattern,
  what,
  elem,
}:
let
  inherit (lib) types;

  isPhrase = class: class == "noun" || class == "composite";
  wrong =
    definition:
    lib.filter (name: builtins.match pattern name == null) (lib.attrNames definition.value);
  refuse =
    loc: definition:
    throw ''
      The option `${lib.showOption loc}' has names that are none of ${what} (${pattern}): ${lib.concatStringsSep ", " (wrong definition)}
      It is defined in ${lib.showFiles [ definition.file ]}.'';

  named =
    type:
    type
    // {
      description = "attribute set of ${types.optionDescriptionPhrase isPhrase elem}, each under the name of ${what} (${pattern})";
      # Not a check: the module system would show the first lines of the value and not the name.
      merge =
        loc: definitions:
        let
          refused = lib.filter (definition: wrong definition != [ ]) definitions;
        in
        if refused == [ ] then type.merge loc definitions else refuse loc (lib.head refused);
      # The module system rebuilds a type around submodules from its parts, without what was changed.
      substSubModules = modules: named (type.substSubModules modules);
    };
in
named (types.attrsOf elem)
