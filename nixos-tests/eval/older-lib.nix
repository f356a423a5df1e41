# What a current `lib` has dropped and NixOS before 25.11 still calls, and what it takes from a newer Nix than such a
# machine may have: an overlay for `lib.extend`.
final: prev: {
  mapAttrsFlatten = prev.mapAttrsToList;
  replaceChars = prev.replaceStrings;
  fold = prev.foldr;
  types = prev.types // {
    loaOf = prev.types.attrsOf;
  };

  filesystem = prev.filesystem // {
    pathType = builtins.readFileType or (path: (builtins.readDir (dirOf path)).${baseNameOf path});
  };

  # Older callers pass `args` and `check`, which a current `lib` answers with a warning at every evaluation.
  evalModules =
    {
      args ? { },
      check ? true,
      ...
    }@arguments:
    prev.evalModules (
      removeAttrs arguments [
        "args"
        "check"
      ]
      // {
        modules = arguments.modules ++ [
          {
            _module = {
              inherit args;
              check = prev.mkDefault check;
            };
          }
        ];
      }
    );
}
