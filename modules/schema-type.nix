# Turns a JSON schema, as pydantic writes it for the configuration contract, into an option type.
{ lib }:
schema:
let
  inherit (lib) attrNames attrValues types;

  scalar = import ./schema-scalar.nix { inherit lib; };
  schemaPattern = import ./schema-pattern.nix { inherit lib; };
  describe = import ./schema-doc.nix { inherit lib; } { target = target "#"; };

  fail = path: reason: throw "JSON schema, ${path}: ${reason}";
  listed = lib.concatStringsSep ", ";

  # The module system rebuilds a type around submodules from its parts; then the changes have to be made again.
  refine =
    type: changes:
    type
    // changes type
    // {
      substSubModules = modules: refine (type.substSubModules modules) changes;
    };

  # Otherwise a missing key would be `{ }`, `[ ]` or `null`.
  required = type: refine type (_: { emptyValue = { }; });

  # Whatever stands inside is translated even if no definition ever uses it.
  around =
    inner: type:
    assert lib.all lib.isOptionType inner;
    type;

  nameIn = lib.removePrefix "#/$defs/";
  target =
    path: reference:
    schema."$defs".${nameIn reference} or (fail path "${reference} is not among the definitions");
  definitions = lib.mapAttrs (name: convert "#/$defs/${name}") (schema."$defs" or { });

  record =
    path: node:
    let
      members = lib.mapAttrs (name: convert "${path}/properties/${name}") node.properties;
      option =
        name: type:
        lib.mkOption {
          type = required type;
          description = describe node name;
        };
      submodule = types.submoduleWith {
        modules = [ { options = lib.mapAttrs option members; } ];
        shorthandOnlyDefinesConfig = true;
        description = "attribute set of ${listed (attrNames members)}";
      };
      optional = lib.subtractLists (node.required or [ ]) (attrNames members);
    in
    if (node.additionalProperties or true) != false || node ? patternProperties then
      fail path "an object with properties must be closed"
    else if optional != [ ] then
      fail path "${listed optional} must be required: the contract has no defaults"
    else
      # A function or a path would be taken for a module.
      around (attrValues members) (refine submodule (type: types.addCheck type lib.isAttrs));

  dictionary =
    path: node:
    let
      pattern = lib.head (attrNames node.patternProperties);
      expression = schemaPattern "${path}/patternProperties" pattern;
      element = convert "${path}/patternProperties/${pattern}" node.patternProperties.${pattern};
      isPhrase = class: class == "noun" || class == "composite";
      elements = types.optionDescriptionPhrase isPhrase element;

      fits = name: builtins.match expression name != null;
      wrong = definition: lib.filter (name: !fits name) (attrNames definition.value);
      refuse =
        loc: definition:
        throw ''
          The option `${lib.showOption loc}' has names that do not match ${pattern}: ${listed (wrong definition)}
          It is defined in ${lib.showFiles [ definition.file ]}.'';
    in
    if node ? additionalProperties || lib.length (attrNames node.patternProperties) != 1 then
      fail path "an object must have properties, or one pattern for all of its keys"
    else
      around [ element ] (
        builtins.seq expression (
          refine (types.attrsOf element) (type: {
            description = "attribute set of ${elements}, under names that match ${pattern}";
            # Not a check: the module system would show the first lines of the value and not the name.
            merge =
              loc: definitions:
              let
                refused = lib.filter (definition: wrong definition != [ ]) definitions;
              in
              if refused == [ ] then type.merge loc definitions else refuse loc (lib.head refused);
          })
        )
      );

  array =
    path: node:
    let
      element = convert "${path}/items" (node.items or (fail path "items are missing"));
      least = node.minItems or 0;
      atLeast = type: rec {
        description = "${type.description} with at least ${toString least} of them";
        # Not a check: that would look at each definition alone.
        merge =
          loc: definitions:
          let
            value = type.merge loc definitions;
          in
          if lib.length value >= least then
            value
          else
            throw ''
              The value of option `${lib.showOption loc}' is not of type `${description}':
              ${lib.generators.toPretty { } value}'';
      };
      list = types.listOf element;
    in
    around [ element ] (if least == 0 then list else refine list atLeast);

  choice =
    path: node:
    let
      values = node.enum or [ node.const ];
    in
    if lib.all lib.isString values then
      types.enum values
    else
      fail path "only strings can be chosen from";

  nullable =
    path: node:
    let
      inner = lib.filter (branch: branch != { type = "null"; }) node.anyOf;
      type = convert "${path}/anyOf/0" (lib.head inner);
    in
    if lib.length node.anyOf == 2 && lib.length inner == 1 then
      around [ type ] (types.nullOr type)
    else
      fail path "anyOf must be one type, or null";

  reference =
    path: node:
    builtins.seq (target path node."$ref") definitions.${nameIn node."$ref"};

  # How a node with this key is translated, or else one of this type, and which other keys it may have.
  translations = {
    "$ref".type = reference;
    anyOf.type = nullable;
    enum = {
      of = "string";
      type = choice;
    };
    const = {
      of = "string";
      type = choice;
    };
    properties = {
      of = "object";
      type = record;
      keys = [
        "additionalProperties"
        "required"
      ];
    };
    patternProperties = {
      of = "object";
      type = dictionary;
    };
    boolean.type = _path: _node: types.bool;
    string = {
      type = scalar.string;
      keys = [
        "minLength"
        "maxLength"
        "pattern"
      ];
    };
    integer = {
      type = scalar.integer;
      keys = [
        "minimum"
        "maximum"
      ];
    };
    array = {
      type = array;
      keys = [
        "items"
        "minItems"
      ];
    };
  };

  convert =
    path: node:
    let
      deciding = lib.findFirst (key: node ? ${key}) (node.type or "") [
        "$ref"
        "anyOf"
        "enum"
        "const"
        "properties"
        "patternProperties"
      ];
      translation =
        translations.${deciding} or (fail path "cannot translate ${builtins.toJSON node}");
      expected = translation.of or deciding;
      known = [
        deciding
        "type"
        "title"
        "description"
      ]
      ++ translation.keys or [ ];
      unknown = attrNames (removeAttrs node known);
    in
    if unknown != [ ] then
      fail path "${listed unknown} is not known"
    else if node.type or expected != expected then
      fail path "${deciding} is not known of type ${node.type}"
    else
      translation.type path node;
in
convert "#" (removeAttrs schema [ "$defs" ])
