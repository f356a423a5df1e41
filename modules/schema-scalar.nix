# Types of the schema's strings and integers with their bounds.
{ lib }:
let
  inherit (lib) types;

  schemaPattern = import ./schema-pattern.nix { inherit lib; };

  bounds =
    unit: minimum: maximum:
    if minimum == null && maximum == null then
      ""
    else if maximum == null then
      " of at least ${toString minimum}${unit}"
    else if minimum == null then
      " of at most ${toString maximum}${unit}"
    else
      " of ${toString minimum} to ${toString maximum}${unit}";

  within =
    minimum: maximum: size:
    (minimum == null || size >= minimum) && (maximum == null || size <= maximum);

  # The schema counts characters, Nix counts bytes: of each character only the first byte is left.
  furtherByte =
    byte: builtins.substring 1 1 (builtins.fromJSON ''"\u00${lib.toHexString byte}"'');
  furtherBytes = map furtherByte (lib.range 128 191);
  nothing = map (_: "") furtherBytes;
  characters = text: lib.stringLength (lib.replaceStrings furtherBytes nothing text);
in
{
  string =
    path:
    {
      minLength ? null,
      maxLength ? null,
      pattern ? null,
      ...
    }:
    let
      expression = if pattern == null then null else schemaPattern path pattern;
      matches = text: expression == null || builtins.match expression text != null;
    in
    builtins.seq expression (
      # The length comes first: Nix can run out of stack when it matches a very long text.
      types.addCheck types.str (text: within minLength maxLength (characters text) && matches text)
      // {
        description =
          "string"
          + (
            if minLength == 1 && maxLength == null then
              " that is not empty"
            else
              bounds " characters" minLength maxLength
          )
          + lib.optionalString (pattern != null) " that matches ${pattern}";
      }
    );

  integer =
    _path:
    {
      minimum ? null,
      maximum ? null,
      ...
    }:
    types.addCheck types.int (within minimum maximum)
    // {
      description = "integer" + bounds "" minimum maximum;
    };
}
