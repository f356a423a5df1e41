# Every option under `services.hyperhive`, and what is said when one of them is set wrongly.
{
  library,
  modules,
  # One of `cases`, as JSON; without it the answer is all of them.
  case ? "",
}:
let
  lib = import (library + "/lib");
  evaluate = import ./slim.nix {
    inherit lib;
    modules = /. + modules;
  };

  # Something in everything that has a name of its own, so that nothing is missing beside the wrong value.
  hive = {
    services.hyperhive = {
      enable = true;
      credentials.alice = "/run/secrets/alice";
      dashboard.tls = {
        certificate = "/run/certificate.pem";
        key = "/run/key.pem";
      };
      notifications.ntfy.url = "https://ntfy.example.org/hive";
      agents.alice = agent;
      manager = agent;
    };
  };
  agent = {
    credentials.alice = "alice";
    mcpServers.alice = {
      command = "server";
      env.alice = "1";
    };
    claude.env.alice = "1";
  };

  wrong = path: value: { inherit path value; };

  unfit =
    type:
    lib.findFirst (value: !type.check value) (throw "nothing is wrong for ${type.description}") [
      (-7)
      { wrong = 1; }
    ];

  # A wrong element of a map or a list, and the options of what stands inside.
  inside =
    path: type:
    let
      element = type.nestedTypes.elemType;
    in
    if type.name == "nullOr" then
      inside path element
    else if type.name == "listOf" then
      [ (wrong path [ (unfit element) ]) ]
    else if type.name == "attrsOf" then
      [ (wrong (path ++ [ "alice" ]) (unfit element)) ] ++ inside (path ++ [ "alice" ]) element
    else
      level path (type.getSubOptions path);

  # An unknown key beside the ones of `options`, and what can be wrong in each of those.
  level =
    path: options:
    let
      known = removeAttrs options [ "_module" ];
    in
    lib.optionals (known != { }) (
      [ (wrong (path ++ [ "surprise" ]) 1) ]
      ++ lib.concatLists (lib.mapAttrsToList (name: one (path ++ [ name ])) known)
    );

  one =
    path: option:
    if !lib.isOption option then
      level path option
    else if option.internal or false then
      [ ]
    else
      [ (wrong path (unfit option.type)) ] ++ inside path option.type;

  given = builtins.fromJSON case;
in
if case == "" then
  level [ "services" "hyperhive" ] (evaluate hive).options.services.hyperhive
else
  (evaluate {
    imports = [
      hive
      (lib.setAttrByPath given.path (lib.mkForce given.value))
    ];
  }).outcome
