# The one mapping from options to the fields of the contract: what `broker.json` and `harness.json` hold.
{ lib }:
let
  inherit (import ./contract.nix { inherit lib; }) defaults;

  agent = options: {
    inherit (options)
      name
      role
      model
      models
      tools
      credentials
      ;
    system_prompt = options.systemPrompt;
    allowed_recipients = options.allowedRecipients;
    bash = options.bash.allow;
    mcp_servers = lib.mapAttrs (_: server: {
      inherit (server) command args env;
      allowed_tools = server.allowedTools;
      call_timeout_seconds = server.callTimeoutSeconds;
    }) options.mcpServers;
    notes.compact_above_bytes = options.notes.compactAboveBytes;
    context.compact_above_percent = options.context.compactAbovePercent;
    silent_minutes = options.silentMinutes;
    budget = {
      usd_cents_per_day = options.budget.usdCentsPerDay;
      turns_per_day = options.budget.turnsPerDay;
    };
    limits = {
      cpu_percent = options.limits.cpuPercent;
      memory_mib = options.limits.memoryMiB;
      disk_mib = options.limits.diskMiB;
      inherit (options.limits) tasks;
      broker = {
        requests_per_second = options.limits.broker.requestsPerSecond;
        received_kib_per_second = options.limits.broker.receivedKiBPerSecond;
        stored_mib_per_hour = options.limits.broker.storedMiBPerHour;
        rows_per_hour = options.limits.broker.rowsPerHour;
        frames_per_second = options.limits.broker.framesPerSecond;
        events_mib_per_hour = options.limits.broker.eventsMiBPerHour;
      };
    };
  };

  # Every leaf by itself, so that `settings` can override one and keep the others.
  overridable = lib.mapAttrsRecursive (_: lib.mkDefault);
in
{
  # `options`: `hyperhive` of an evaluated container.
  harness =
    options:
    overridable {
      agent = agent options;
      socket = "/run/hyperhive/broker.sock";
      state_dir = "/agents/${options.name}/state";
      operator = {
        inherit (options.operator) pronouns;
        password_credential = null;
      };
      claude = {
        cli = lib.getExe options.claude.package;
        home = "/agents/${options.name}/claude";
        inherit (options.claude) env;
      };
    };

  # `options`: `services.hyperhive`; `agents`: the `agent` part of every harness file, by name.
  broker =
    { options, agents }:
    overridable {
      runtime = "nixos";
      state_dir = "/var/lib/hyperhive/broker";
      runtime_dir = "/run/hyperhive";
      dashboard_dir = "${options.package}/share/hyperhive/dashboard";
      listen = {
        host = options.dashboard.listenAddress;
        inherit (options.dashboard) port;
        host_names = options.dashboard.hostNames;
        tls =
          if options.dashboard.tls == null then
            null
          else
            {
              certificate = "/run/credentials/hyperhive.service/tls-certificate";
              key_credential = "tls-key";
            };
        plain_remote = options.dashboard.plainRemote;
      };
      operator = {
        inherit (options.operator) pronouns;
        password_credential =
          if options.dashboard.passwordHashFile == null then null else "operator-password";
      };
      delivery = defaults.DeliveryConfig;
      loop_breaker = defaults.LoopBreakerConfig;
      retention = defaults.RetentionConfig;
      notifications.ntfy =
        let
          inherit (options.notifications) ntfy;
        in
        if ntfy == null then
          null
        else
          {
            inherit (ntfy) url kinds;
            token_credential = if ntfy.tokenFile == null then null else "ntfy-token";
            delay_seconds = ntfy.delaySeconds;
            dashboard_url = ntfy.dashboardUrl;
          };
    }
    // {
      inherit agents;
    };
}
