# What the contract's types make of the cases in `file`, a list of `{ kind, value }`; `index` picks one of them.
{
  library,
  modules,
  file,
  index ? "",
}:
let
  lib = import (library + "/lib");
  contract = import (modules + "/contract.nix") { inherit lib; };

  merge =
    { kind, value }:
    (lib.evalModules {
      modules = [
        {
          options.${kind} = lib.mkOption { type = contract.${kind}; };
          config.${kind} = value;
        }
      ];
    }).config.${kind};

  attempt =
    case:
    let
      value = merge case;
      result = builtins.tryEval (builtins.deepSeq value value);
    in
    if result.success then result.value else null;

  cases = lib.importJSON file;
in
if index == "" then map attempt cases else merge (lib.elemAt cases (lib.toInt index))
