# Every option under `services.hyperhive`, and what is said when one of them is set wrongly.
{
  library,
  modules,
  # What is asked for: an attribute of the answer below.
  part,
  # One of `cases`, as JSON.
  case ? "",
  # A list of definitions of agents, as JSON: the answer is each one's harness.json, or null where an option refuses.
  agents ? "",
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

  # What the type does not take: nothing is wrong for `settings`, the program has its say later.
  unfit =
    type:
    let
      found = lib.filter (value: !type.check value) [
        (-7)
        { wrong = 1; }
      ];
    in
    if found == [ ] && type.description != "JSON value" then
      throw "nothing is wrong for ${type.description}"
    else
      lib.take 1 found;

  # A wrong element of a map or a list, and the options of what stands inside.
  inside =
    path: type:
    let
      element = type.nestedTypes.elemType;
    in
    if type.name == "nullOr" then
      inside path element
    else if type.name == "listOf" then
      map (value: wrong path [ value ]) (unfit element)
    else if type.name == "attrsOf" then
      map (wrong (path ++ [ "alice" ])) (unfit element) ++ inside (path ++ [ "alice" ]) element
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
      map (wrong path) (unfit option.type) ++ inside path option.type;

  spoilt =
    given:
    evaluate {
      imports = [
        hive
        (lib.setAttrByPath given.path (lib.mkForce given.value))
      ];
    };

  # One hive of all the agents: only what is asked for is evaluated.
  harnesses =
    definitions:
    let
      named = lib.imap0 (index: lib.nameValuePair "a${toString index}") definitions;
      machine = evaluate {
        services.hyperhive = {
          enable = true;
          agents = lib.listToAttrs named;
        };
      };
      attempt =
        { name, ... }:
        let
          inherit (machine.config.containers."h-${name}".config) hyperhive;
          result = builtins.tryEval (builtins.toJSON hyperhive.settings);
        in
        if result.success then result.value else null;
    in
    map attempt named;
in
{
  cases = level [ "services" "hyperhive" ] (evaluate hive).options.services.hyperhive;
  outcome = (spoilt (builtins.fromJSON case)).outcome;
  settings =
    let
      inherit ((spoilt (builtins.fromJSON case)).config) containers services;
    in
    {
      broker = services.hyperhive.settings;
      harness = containers.h-alice.config.hyperhive.settings;
    };
  harnesses = harnesses (builtins.fromJSON agents);
}
.${part}
