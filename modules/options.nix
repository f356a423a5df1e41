# `services.hyperhive`: what an operator can say about a hive.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;

  inherit (import ./contract.nix { inherit lib; }) setting oneLine;
  namedAttrs = import ./named-attrs.nix { inherit lib; };

  agent = [
    { _module.args = { inherit pkgs; }; }
    ./agent-options.nix
    ./agent-host.nix
  ];

  # Not `types.path` alone: a path literal would be copied into the store when it is written out.
  secret = types.either types.str types.path // {
    description = "absolute path of a file outside the Nix store";
  };
in
{
  options.services.hyperhive = {
    enable = lib.mkEnableOption "a hive of Claude Code agents, each in an unprivileged container of its own";

    package = lib.mkPackageOption pkgs "hyperhive" { };

    operator.pronouns = setting.OperatorConfig.pronouns {
      type = oneLine types.str;
      example = "she/her";
    };

    dashboard = {
      listenAddress = setting.ListenConfig.host {
        type = oneLine types.nonEmptyStr;
        example = "0.0.0.0";
      };
      port = setting.ListenConfig.port {
        type = types.ints.between 1 65535;
        example = 8443;
      };
      hostNames = setting.ListenConfig.host_names {
        type = types.nonEmptyListOf (oneLine types.nonEmptyStr);
        example = [ "hive.example.org" ];
      };
      tls = setting.ListenConfig.tls {
        type = types.nullOr (
          types.submodule {
            options = {
              certificate = mkOption {
                type = secret;
                description = "File with the certificate chain in PEM form.";
                example = "/var/lib/acme/hive.example.org/fullchain.pem";
              };
              key = mkOption {
                type = secret;
                description = "File with the private key in PEM form. It is read when the broker starts.";
                example = "/var/lib/acme/hive.example.org/key.pem";
              };
            };
          }
        );
        example = {
          certificate = "/var/lib/acme/hive.example.org/fullchain.pem";
          key = "/var/lib/acme/hive.example.org/key.pem";
        };
      };
      passwordHashFile = mkOption {
        type = types.nullOr secret;
        default = null;
        description = ''
          File with the hash of the operator's password, as `hyperhive hash-password` prints it. The login link of
          `hyperhive token` works beside it.
        '';
        example = "/run/secrets/hyperhive-password";
      };
      openFirewall = mkOption {
        type = types.bool;
        default = false;
        description = "Whether the host's firewall lets others reach the dashboard's port.";
        example = true;
      };
      plainRemote = setting.ListenConfig.plain_remote {
        type = types.bool;
        example = true;
      };
    };

    notifications.ntfy = setting.NotificationsConfig.ntfy {
      type = types.nullOr (
        types.submodule {
          options = {
            url = setting.NtfyConfig.url {
              type = types.nonEmptyStr;
              example = "https://ntfy.example.org/hive";
            };
            tokenFile = mkOption {
              type = types.nullOr secret;
              default = null;
              description = "File with an access token of the server. It is read when the broker starts.";
              example = "/run/secrets/ntfy-token";
            };
            delaySeconds = setting.NtfyConfig.delay_seconds {
              example = 600;
            };
            kinds = setting.NtfyConfig.kinds {
              type = types.listOf (
                types.enum [
                  "question"
                  "message"
                  "parked"
                  "agent_failed"
                  "agent_needs_login"
                ]
              );
              example = [ "question" ];
            };
            dashboardUrl = setting.NtfyConfig.dashboard_url {
              type = types.nullOr types.nonEmptyStr;
              example = "https://hive.example.org";
            };
          };
        }
      );
      example = {
        url = "https://ntfy.example.org/hive";
        tokenFile = "/run/secrets/ntfy-token";
      };
    };

    network = {
      subnet = mkOption {
        type = types.nonEmptyStr;
        default = "10.231.0.0/20";
        description = ''
          Private IPv4 network of the agents, `/20` or larger. Its first address is the host's, every agent's follows from
          its name.
        '';
        example = "172.29.0.0/16";
      };
      nameservers = mkOption {
        type = types.listOf types.nonEmptyStr;
        default =
          let
            reachable = lib.filter (
              address: !(lib.hasPrefix "127." address || lib.hasInfix ":" address)
            ) config.networking.nameservers;
          in
          if reachable == [ ] then
            [
              "9.9.9.9"
              "1.1.1.1"
            ]
          else
            reachable;
        defaultText = lib.literalMD "the IPv4 servers of {option}`networking.nameservers` beyond loopback, else `9.9.9.9` and `1.1.1.1`";
        description = "DNS servers of the agents, as IPv4 addresses.";
        example = [ "192.168.1.1" ];
      };
      hostPorts = mkOption {
        type = types.listOf (types.ints.between 1 65535);
        default = [ ];
        description = ''
          TCP ports of the host that agents may reach, at the subnet's first address: a model gateway, a cache. All
          others, the dashboard's among them, are closed to them.
        '';
        example = [ 4000 ];
      };
      privateDestinations = mkOption {
        type = types.listOf types.nonEmptyStr;
        default = [ ];
        description = ''
          Private IPv4 addresses or networks that agents may reach. Without an entry they reach public addresses only.
        '';
        example = [ "192.168.1.20" ];
      };
    };

    credentials = mkOption {
      type = namedAttrs {
        elem = secret;
        pattern = "[A-Za-z0-9_.-]{1,255}";
        what = "a credential";
      };
      default = { };
      description = ''
        Secrets for agents: name = file on the host, read when a container starts. An agent gets those that its
        `credentials` name, and no other.
      '';
      example = {
        claude = "/run/secrets/claude-oauth-token";
      };
    };

    manager = mkOption {
      type = types.submodule (
        agent
        ++ [
          {
            options.enable = mkOption {
              type = types.bool;
              default = true;
              description = "Whether the hive has a manager: an agent called `manager` that coordinates the others.";
              example = false;
            };
            config.role = "manager";
          }
        ]
      );
      default = { };
      description = "The manager; it has the options of every agent.";
      example = {
        model = "opus";
        bash.allow = [ ];
      };
    };

    agents = mkOption {
      type = types.attrsOf (types.submodule agent);
      default = { };
      description = ''
        The agents, by name: lower-case letters, digits and hyphens, at most 31 characters, beginning with a letter. The
        container of agent `alice` is called `h-alice`.
      '';
      example = lib.literalExpression ''
        {
          alice = {
            allowedRecipients = [ "manager" ];
            bash.allow = [ "git *" ];
          };
          bob.config = ./bob.nix;
        }
      '';
    };

    settings = mkOption {
      inherit (pkgs.formats.json { }) type;
      default = { };
      description = ''
        The broker's configuration file, `/etc/hyperhive/broker.json`. It is filled from the other options; set here what
        has no option of its own. The program checks it while the system builds.
      '';
      example = {
        delivery.lease_seconds = 120;
        loop_breaker.duplicates = 3;
        retention.messages_days = 90;
      };
    };

    evaluated = mkOption {
      type = types.attrsOf types.raw;
      internal = true;
      readOnly = true;
      description = "Every agent as its container has it, with its places on the host.";
    };
  };
}
