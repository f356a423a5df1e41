# Documentation of every option that an operator may set, for modules/OPTIONS.md.
{
  lib,
  evaluate,
  modules,
}:
let
  host = evaluate [
    ./machine.nix
    modules
  ];
  inside = evaluate [
    ./machine.nix
    (modules + "/agent.nix")
  ];

  text = value: if lib.isString value then value else value.text or null;

  entry = option: {
    inherit (option) name type;
    default = if option ? default then text option.default else null;
    example = if option ? example then text option.example else null;
    description = text (option.description or null);
  };

  documented =
    tree:
    map entry (
      lib.filter (option: option.visible && !option.internal) (lib.optionAttrSetToDocList tree)
    );
in
{
  host = documented { services = { inherit (host.options.services) hyperhive; }; };
  inside = documented { inherit (inside.options) hyperhive; };
}
