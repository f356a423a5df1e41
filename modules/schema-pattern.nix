# Turns a pattern of the JSON schema into the POSIX expression that `builtins.match` takes, which spans the whole text.
{ lib }:
path: pattern:
let
  fail = reason: throw "JSON schema, ${path}: pattern ${pattern}: ${reason}";

  # Only what means the same in both dialects. There is no backslash between brackets: POSIX takes it for a character.
  anchor = "[$^]";
  atom = ''[]A-Za-z0-9_/:@%=, ~-]|\\[.*+?(){}|^$\[]|\[[A-Za-z0-9_./:@%=, ~*+-]+]'';
  quantifier = ''[*+?]|\{[0-9]+(,[0-9]*)?}'';
  punctuation = "[(|)]";

  parts = builtins.split "(${anchor}|${atom}|${quantifier}|${punctuation})" pattern;
  strange = lib.filter (part: lib.isString part && part != "") parts;
  tokens = map lib.head (lib.filter lib.isList parts);

  fromStart = lib.take 1 tokens == [ "^" ];
  toEnd = tokens != [ ] && lib.last tokens == "$";
  withoutStart = if fromStart then lib.tail tokens else tokens;
  body = if toEnd then lib.init withoutStart else withoutStart;

  isAnchor = token: token == "^" || token == "$";
  isQuantifier = token: builtins.match quantifier token != null;
  opens = token: token == "(" || token == "|";
  closes = token: token == ")" || token == "|";

  # What stands side by side; to both ends the pattern is as between two bars.
  pairs = lib.zipListsWith (left: right: { inherit left right; }) ([ "|" ] ++ body) (
    body ++ [ "|" ]
  );
  isEmpty = pair: opens pair.left && closes pair.right;
  isStray = pair: isQuantifier pair.right && (opens pair.left || isQuantifier pair.left);

  count = token: lib.length (lib.filter (other: other == token) body);
  depthAt = index: lib.foldl' (depth: token: depth + step.${token} or 0) 0 (lib.take index body);
  step = {
    "(" = 1;
    ")" = -1;
  };
  bareAlternative = lib.any (index: lib.elemAt body index == "|" && depthAt index == 0) (
    lib.range 0 (lib.length body - 1)
  );
in
if strange != [ ] then
  fail "`${lib.head strange}' is not known"
else if lib.any isAnchor body then
  fail "an anchor is known at either end only"
else if lib.any isEmpty pairs && body != [ ] then
  fail "an empty alternative is not known"
else if lib.any isStray pairs then
  fail "a quantifier must follow what it repeats"
else if count "(" != count ")" then
  fail "parentheses do not match"
else if bareAlternative then
  fail "an alternative is known between parentheses only"
else
  lib.optionalString (!fromStart) ".*" + lib.concatStrings body + lib.optionalString (!toEnd) ".*"
