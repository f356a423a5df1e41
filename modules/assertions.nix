# What evaluates but cannot work, said with the agent's name and the bad value.
{ config, lib, ... }:
let
  cfg = config.services.hyperhive;
  uidBase = import ./uid-base.nix { inherit lib; };
  isLoopbackUrl = import ./is-loopback-url.nix;

  names = lib.attrNames cfg.evaluated;
  option = name: if name == "manager" && cfg.manager.enable then "manager" else "agents.${name}";
  where = name: "services.hyperhive.${option name}";

  perAgent = check: lib.concatLists (lib.mapAttrsToList check cfg.evaluated);

  validName = name: builtins.match "[a-z]([a-z0-9-]{0,29}[a-z0-9])?" name != null;
  reserved = [
    "operator"
    "system"
    "broker"
    "hive"
    "all"
    "self"
  ];

  nameAssertions = lib.concatMap (name: [
    {
      assertion = validName name;
      message = ''
        services.hyperhive.agents: ${builtins.toJSON name} cannot be an agent's name: it takes lower-case letters, digits and
        hyphens, at most 31 characters, begins with a letter and does not end with a hyphen.
      '';
    }
    {
      assertion = !lib.elem name reserved;
      message = "services.hyperhive.agents.${name}: the name ${builtins.toJSON name} is reserved.";
    }
  ]) (lib.attrNames cfg.agents);

  managers = lib.attrNames (lib.filterAttrs (_: agent: agent.options.role == "manager") cfg.evaluated);

  managerAssertions = [
    {
      assertion = !(cfg.manager.enable && cfg.agents ? manager);
      message = ''
        services.hyperhive.agents.manager: services.hyperhive.manager already declares the agent "manager"; write its
        options there.
      '';
    }
    {
      assertion = cfg.agents ? manager -> cfg.evaluated.manager.options.role == "manager";
      message = ''services.hyperhive.agents.manager: the name "manager" is reserved for the agent with role "manager".'';
    }
    {
      assertion = lib.length managers <= 1;
      message = "services.hyperhive: more than one manager: ${lib.concatStringsSep ", " managers}.";
    }
  ];

  clashes = lib.filter (group: lib.length group > 1) (
    lib.attrValues (lib.groupBy (name: toString (uidBase name)) names)
  );

  uidAssertions = map (group: {
    assertion = false;
    message = ''
      services.hyperhive.agents: ${lib.concatStringsSep " and " group} would share the uid range that begins at
      ${toString (uidBase (lib.head group))}; rename one of them.
    '';
  }) clashes;

  reachable = lib.unique (
    names
    ++ [
      "manager"
      "operator"
    ]
  );

  agentAssertions = perAgent (
    name: agent:
    let
      inherit (agent) options;
    in
    map (recipient: {
      assertion = lib.elem recipient reachable;
      message = ''
        ${where name}.allowedRecipients: nobody is called ${builtins.toJSON recipient}; there are ${lib.concatStringsSep ", " reachable}.
      '';
    }) (if options.allowedRecipients == null then [ ] else options.allowedRecipients)
    ++ lib.mapAttrsToList (variable: credential: {
      assertion = cfg.credentials ? ${credential};
      message = ''
        ${where name}.credentials.${variable}: services.hyperhive.credentials has no ${builtins.toJSON credential}.
      '';
    }) options.credentials
    ++ [
      {
        assertion = lib.elem options.model options.models;
        message = ''
          ${where name}.models: the agent's model ${builtins.toJSON options.model} is not among ${builtins.toJSON options.models}.
        '';
      }
      {
        assertion = !(options.mcpServers ? hyperhive);
        message = ''${where name}.mcpServers: the name "hyperhive" is taken by hyperhive's own tools.'';
      }
      {
        assertion = !(options.mcpServers ? ide);
        message = ''${where name}.mcpServers: the name "ide" is taken by Claude Code's link to editors.'';
      }
    ]
    ++ map (server: {
      assertion = builtins.match ".*__.*|.*_" server == null;
      message = ''
        ${where name}.mcpServers: ${builtins.toJSON server} has two underscores in a row or one at its end, which part a server from its tool.
      '';
    }) (lib.attrNames options.mcpServers)
  );

  loopback = lib.elem cfg.dashboard.listenAddress [
    "127.0.0.1"
    "::1"
    "localhost"
  ];

  listenAssertions = [
    {
      assertion = loopback || cfg.dashboard.tls != null || cfg.dashboard.plainRemote;
      message = ''
        services.hyperhive.dashboard.listenAddress: ${builtins.toJSON cfg.dashboard.listenAddress} is beyond loopback: set
        services.hyperhive.dashboard.tls, or waive it with services.hyperhive.dashboard.plainRemote.
      '';
    }
  ];

  inherit (cfg.notifications) ntfy;

  address = "https?://([A-Za-z0-9.-]+|\\[[A-Fa-f0-9:.]+])(:[0-9]{1,5})?(/[A-Za-z0-9._~%-]+)*";

  ntfyAssertions = lib.optionals (ntfy != null) [
    {
      assertion = builtins.match "${address}/[A-Za-z0-9_-]{1,64}" ntfy.url != null;
      message = ''
        services.hyperhive.notifications.ntfy.url: ${builtins.toJSON ntfy.url} is not the address of a topic, such as
        "https://ntfy.example.org/hive".
      '';
    }
    {
      assertion = lib.hasPrefix "http://" ntfy.url -> isLoopbackUrl ntfy.url;
      message = ''
        services.hyperhive.notifications.ntfy.url: ${builtins.toJSON ntfy.url} is beyond loopback: it must begin with
        https://.
      '';
    }
    {
      assertion =
        ntfy.dashboardUrl != null -> builtins.match "${address}/?" ntfy.dashboardUrl != null;
      message = ''
        services.hyperhive.notifications.ntfy.dashboardUrl: ${builtins.toJSON ntfy.dashboardUrl} is not the address of a
        dashboard, such as "https://hive.example.org".
      '';
    }
  ];

  # A path literal inside a flake is in the store already; others would be copied there when written out.
  secrets = {
    "dashboard.passwordHashFile" = cfg.dashboard.passwordHashFile;
    "dashboard.tls.key" = if cfg.dashboard.tls == null then null else cfg.dashboard.tls.key;
    "notifications.ntfy.tokenFile" = if ntfy == null then null else ntfy.tokenFile;
  }
  // lib.mapAttrs' (name: lib.nameValuePair "credentials.${name}") cfg.credentials;

  files = secrets // {
    "dashboard.tls.certificate" =
      if cfg.dashboard.tls == null then null else cfg.dashboard.tls.certificate;
  };

  fileAssertions = lib.mapAttrsToList (
    name: value:
    let
      file = toString value;
    in
    {
      assertion = builtins.match "/[^[:space:]:\"\\$%]*" file != null;
      message = ''
        services.hyperhive.${name}: ${builtins.toJSON file} must be an absolute path without white space, colon, quote, dollar
        or percent sign.
      '';
    }
  ) (lib.filterAttrs (_: value: value != null) files);

  secretAssertions = lib.concatLists (
    lib.mapAttrsToList (
      name: value:
      let
        file = toString value;
      in
      [
        {
          assertion = !lib.hasPrefix "${builtins.storeDir}/" file;
          message = ''
            services.hyperhive.${name}: ${file} is in the Nix store, which everybody can read; give the path of a file outside.
          '';
        }
      ]
    ) (lib.filterAttrs (_: value: value != null) secrets)
  );
in
{
  config.assertions = lib.mkIf cfg.enable (
    nameAssertions
    ++ managerAssertions
    ++ uidAssertions
    ++ agentAssertions
    ++ listenAssertions
    ++ ntfyAssertions
    ++ secretAssertions
    ++ fileAssertions
  );
}
