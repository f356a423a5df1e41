# The agents' network on the host: packet filter, address translation, and what else must leave their links alone.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.hyperhive;
  inherit (cfg.network) hostPorts nameservers privateDestinations;

  ipv4 = import ./ipv4.nix { inherit lib; };
  addresses = import ./addresses.nix { inherit lib; } cfg.network.subnet;

  rules = pkgs.writeText "hyperhive.nft" (
    import ./nftables.nix { inherit lib; } {
      inherit (cfg.network)
        subnet
        hostPorts
        nameservers
        privateDestinations
        ;
      inherit (addresses) host;
    }
  );

  nft = lib.getExe' pkgs.nftables "nft";
  load = "${nft} -f ${rules}";

  inherit (config.networking) firewall;
  links = if firewall.backend == "nftables" then "ve-h-*" else "ve-h-+";

  serverProblem =
    address:
    if !ipv4.isAddress address then
      "is not an IPv4 address"
    else if ipv4.within "127.0.0.0/8" address then
      "is the host's loopback, which is not the agents'"
    else
      null;

  destinationProblem =
    destination:
    if ipv4.parse destination == null then
      "is not an IPv4 address or network"
    else if !ipv4.isNetwork destination then
      "has bits set behind its prefix"
    else
      null;

  each =
    option: problem: values:
    map (value: {
      assertion = problem value == null;
      message = "services.hyperhive.network.${option}: ${builtins.toJSON value} ${toString (problem value)}.";
    }) values;
in
{
  config = lib.mkIf cfg.enable {
    assertions =
      each "subnet" (_: addresses.problem) [ cfg.network.subnet ]
      ++ each "nameservers" serverProblem nameservers
      ++ each "privateDestinations" destinationProblem privateDestinations
      ++ each "hostPorts" (
        port: if port == cfg.settings.listen.port then "is the dashboard's, which is not for agents" else null
      ) hostPorts
      ++ [
        {
          assertion = !(config.networking.nftables.enable && config.networking.nftables.flushRuleset);
          message = ''
            networking.nftables.flushRuleset: true removes the rules that hold hyperhive's agents whenever nftables.service
            is loaded anew; set it to false.
          '';
        }
      ];

    warnings = lib.optional (firewall.enable && firewall.backend == "firewalld") ''
      services.hyperhive: firewalld lets nothing through that it does not know. Put the interfaces ve-h-+ in a zone that
      forwards, or agents have no network.
    '';

    # Containers require this unit: no agent runs without it, whatever firewall the host has or has not.
    systemd.services.hyperhive-network = {
      description = "Packet filter and address translation of hyperhive's agents";
      wantedBy = [ "multi-user.target" ];
      after = [
        "systemd-modules-load.service"
        "systemd-sysctl.service"
      ];
      # Stopping it would stop all agents.
      reloadIfChanged = true;
      serviceConfig = import ./hardening.nix // {
        Type = "oneshot";
        RemainAfterExit = true;
        ExecStart = load;
        ExecReload = load;
        ExecStop = "${nft} delete table inet hyperhive";
        # Rules of the host's own network are what it is for.
        CapabilityBoundingSet = "CAP_NET_ADMIN";
        RestrictAddressFamilies = "AF_NETLINK";
      };
    };

    # The same as networking.nat sets.
    boot.kernel.sysctl = {
      "net.ipv4.conf.all.forwarding" = lib.mkOverride 99 true;
      "net.ipv4.conf.default.forwarding" = lib.mkOverride 99 true;
    };

    # What the own table accepts, the host's firewall has to accept as well; what it drops stays dropped.
    networking.firewall = lib.mkMerge [
      {
        interfaces.${links} = {
          allowedTCPPorts = hostPorts ++ lib.optional (lib.elem addresses.host nameservers) 53;
          allowedUDPPorts = lib.optional (lib.elem addresses.host nameservers) 53;
        };
      }
      (lib.mkIf (firewall.backend == "nftables") {
        extraForwardRules = ''
          iifname "ve-h-*" accept
        '';
      })
      # Docker makes the kernel's own chain drop what no rule accepts.
      (lib.mkIf (firewall.backend == "iptables") {
        extraCommands = ''
          iptables -w -C FORWARD -i ${links} -j ACCEPT 2>/dev/null || iptables -w -A FORWARD -i ${links} -j ACCEPT
          iptables -w -C FORWARD -o ${links} -j ACCEPT 2>/dev/null || iptables -w -A FORWARD -o ${links} -j ACCEPT
        '';
        extraStopCommands = ''
          iptables -w -D FORWARD -i ${links} -j ACCEPT 2>/dev/null || true
          iptables -w -D FORWARD -o ${links} -j ACCEPT 2>/dev/null || true
        '';
      })
    ];

    # networkd comes with a file for all nspawn links that would give these addresses and a DHCP server.
    systemd.network.networks."10-hyperhive" = {
      matchConfig.Name = "ve-h-*";
      linkConfig.Unmanaged = true;
    };
  };
}
