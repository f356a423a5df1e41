# The broker: its unit, user, configuration file, credentials, and what it may do to the agents' units.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.hyperhive;
  inherit (cfg) dashboard notifications;
  inherit (cfg.settings) listen;

  isLoopbackUrl = import ./is-loopback-url.nix;
  render = import ./render.nix { inherit lib; };
  polkitRule = import ./polkit.nix { inherit lib; };
  checkedConfig = import ./checked-config.nix {
    inherit pkgs;
    inherit (cfg) package;
  };

  user = "hyperhive";
  file = "hyperhive/broker.json";

  loopback = lib.elem listen.host [
    "127.0.0.1"
    "::1"
    "localhost"
  ];

  credentials =
    lib.optional (
      dashboard.passwordHashFile != null
    ) "operator-password:${toString dashboard.passwordHashFile}"
    ++ lib.optionals (dashboard.tls != null) [
      "tls-certificate:${toString dashboard.tls.certificate}"
      "tls-key:${toString dashboard.tls.key}"
    ]
    ++ lib.optional (
      notifications.ntfy != null && notifications.ntfy.tokenFile != null
    ) "ntfy-token:${toString notifications.ntfy.tokenFile}";

  # A server beyond this machine is reached by its name, of which systemd cannot know the addresses.
  pushesAway =
    cfg.settings.notifications.ntfy != null && !isLoopbackUrl cfg.settings.notifications.ntfy.url;
in
{
  config = lib.mkIf cfg.enable {
    services.hyperhive.settings = render.broker {
      options = cfg;
      agents = lib.mapAttrs (_: agent: agent.options.settings.agent) cfg.evaluated;
    };

    environment.etc.${file}.source = checkedConfig "broker" cfg.settings;
    environment.systemPackages = [ cfg.package ];

    users.users.${user} = {
      isSystemUser = true;
      group = user;
      description = "Broker of the hive";
    };
    users.groups.${user} = { };

    systemd.services.hyperhive = {
      description = "Hyperhive's broker and dashboard";
      wantedBy = [ "multi-user.target" ];
      wants = lib.optional (!loopback) "network-online.target";
      after = [ "network.target" ] ++ lib.optional (!loopback) "network-online.target";
      restartTriggers = [ config.environment.etc.${file}.source ];
      # Agents keep working while the broker is away, so it had better not be away for a whole switch.
      stopIfChanged = false;
      path = [ config.systemd.package ];
      environment = {
        PYTHONUNBUFFERED = "1";
      }
      # What the host trusts, also beyond the authorities of NixOS.
      // lib.optionalAttrs pushesAway { SSL_CERT_FILE = "/etc/ssl/certs/ca-certificates.crt"; };
      # A hive without its broker does nothing, so there is no number of failures after which to give up.
      unitConfig.StartLimitIntervalSec = 0;
      serviceConfig = import ./hardening.nix // {
        Type = "notify";
        NotifyAccess = "main";
        ExecStart = "${lib.getExe cfg.package} broker --config /etc/${file}";
        User = user;
        Group = user;
        StateDirectory = "hyperhive/broker";
        StateDirectoryMode = "0700";
        RuntimeDirectory = "hyperhive";
        # Holds nothing that others may open; seen as it is, it gives them a better message.
        RuntimeDirectoryMode = "0755";
        # Containers have the directories of their sockets mounted and would keep looking at removed ones.
        RuntimeDirectoryPreserve = true;
        LoadCredential = credentials;
        Restart = "always";
        RestartSec = 1;
        RestartSteps = 6;
        RestartMaxDelaySec = 30;
        TimeoutStartSec = 60;
        TimeoutStopSec = 20;

        LimitNOFILE = 65536;
        MemoryMax = "2G";
        TasksMax = 256;

        # Agents and systemd over Unix sockets, browsers over TCP.
        RestrictAddressFamilies = [
          "AF_UNIX"
          "AF_INET"
          "AF_INET6"
        ];
        # Browsers: on this machine, or wherever the operator has the dashboard listen for them; and the ntfy server,
        # with the name servers that know where it is. Still nobody can connect but to the dashboard's port.
        IPAddressAllow = if loopback && !pushesAway then "localhost" else "any";
        SocketBindDeny = "any";
        SocketBindAllow = "tcp:${toString listen.port}";
      };
    };

    security.polkit = {
      enable = true;
      extraConfig = polkitRule {
        inherit user;
        units = lib.mapAttrsToList (_: agent: agent.unit) cfg.evaluated;
      };
    };

    networking.firewall.allowedTCPPorts = lib.optional dashboard.openFirewall listen.port;
  };
}
