# Descriptions of the schema's keys for the option page, from the docstrings of the models that it was made of.
{ lib }:
{
  # The definition that a `$ref` names.
  target,
}:
let
  sections = node: lib.splitString "\n\nAttributes:\n" (node.description or "");

  # The lines `    key: text` of a docstring, each with the lines that continue it.
  attributes =
    node:
    let
      lines = lib.splitString "\n" (
        lib.replaceStrings [ "\n        " ] [ " " ] (lib.concatStrings (lib.tail (sections node)))
      );
      entry = line: builtins.match " *([a-z_]+): (.*)" line;
      entries = lib.filter (parts: parts != null) (map entry lines);
    in
    lib.listToAttrs (map (parts: lib.nameValuePair (lib.head parts) (lib.last parts)) entries);

  # What the value's own model says, also if it is that of each element.
  summary =
    node:
    let
      inner = node.anyOf or [ ] ++ lib.attrValues (node.patternProperties or { });
    in
    if node ? description then
      lib.head (sections node)
    else if node ? "$ref" then
      summary (target node."$ref")
    else
      lib.findFirst (text: text != "") "" (map summary inner);
in
owner: name:
let
  node = owner.properties.${name};
in
lib.findFirst (text: text != "") (node.title or name) [
  ((attributes owner).${name} or "")
  (summary node)
]
