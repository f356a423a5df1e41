# What agents may reach over the network, as nftables rules: { lib } -> { subnet, ... } -> text for `nft -f`.
{ lib }:
{
  # "10.231.0.0/20"
  subnet,
  # Address of the host in it.
  host,
  # TCP ports at that address.
  hostPorts,
  nameservers,
  privateDestinations,
}:
let
  # As nspawn names the host's side of a link to a container `h-*`, also when it has to shorten the rest.
  agents = ''"ve-h-*"'';

  list = lib.concatMapStringsSep ", " toString;
  elements = values: lib.optionalString (values != [ ]) " elements = { ${list values} };";
  addresses = values: "type ipv4_addr; flags interval; auto-merge;${elements values}";

  # What is not the public internet: IANA's special-purpose addresses, and one that is only special in one place.
  special = [
    "0.0.0.0/8"
    "10.0.0.0/8"
    "100.64.0.0/10"
    "127.0.0.0/8"
    "169.254.0.0/16"
    "172.16.0.0/12"
    "192.0.0.0/24"
    "192.0.2.0/24"
    "192.88.99.0/24"
    "192.168.0.0/16"
    "198.18.0.0/15"
    "198.51.100.0/24"
    "203.0.113.0/24"
    "224.0.0.0/3"
    # Azure gives machines their metadata and secrets here.
    "168.63.129.16"
  ];
in
''
  # Replaces the table in one transaction: a mistake leaves the former one in force.
  table inet hyperhive
  delete table inet hyperhive

  table inet hyperhive {
    set special { ${addresses special} }
    set nameservers { ${addresses nameservers} }
    set private_destinations { ${addresses privateDestinations} }
    set host_ports { type inet_service;${elements hostPorts} }
    # One agent must not fill the table that all connections of the machine share.
    set connections { type ipv4_addr; flags dynamic; }

    chain prerouting {
      type filter hook prerouting priority raw; policy accept;
      iifname ${agents} goto from_agent
    }

    chain from_agent {
      # Nothing but IPv4 leaves an agent: no router advertisements to the host either.
      meta nfproto != ipv4 drop
      ip saddr != ${subnet} drop
      # Every agent has one address, and the host's route to it leads over the agent's own link.
      fib saddr . iif oif missing drop
    }

    chain input {
      type filter hook input priority filter - 10; policy accept;
      iifname ${agents} goto agent_to_host
    }

    chain agent_to_host {
      ct state established ct direction reply accept
      ct state related meta l4proto icmp accept
      ip daddr @nameservers meta l4proto { tcp, udp } th dport 53 accept
      ip daddr != ${host} drop
      tcp dport @host_ports accept
      # The first thing that anybody tries when the network seems to be down.
      icmp type echo-request limit rate 20/second accept
      drop
    }

    chain forward {
      type filter hook forward priority filter - 10; policy accept;
      iifname ${agents} goto agent_to_network
      oifname ${agents} goto network_to_agent
    }

    # Looks at every packet, not at new connections alone, so that a changed rule holds for open ones, too.
    chain agent_to_network {
      oifname ${agents} drop
      ct state invalid drop
      ct state new add @connections { ip saddr ct count over 4096 } drop
      ip daddr @nameservers meta l4proto { tcp, udp } th dport 53 accept
      ip daddr @private_destinations accept
      ip daddr @special drop
      accept
    }

    chain network_to_agent {
      ct state established ct direction reply accept
      ct state related meta l4proto icmp accept
      drop
    }

    # The host's own broadcasts (names, services, neighbours) are none of the agents' business.
    chain output {
      type filter hook output priority filter - 10; policy accept;
      oifname ${agents} meta nfproto != ipv4 drop
      oifname ${agents} ip daddr != ${subnet} drop
    }

    chain postrouting {
      type nat hook postrouting priority srcnat; policy accept;
      ip saddr ${subnet} ip daddr != ${subnet} oifname != ${agents} masquerade
    }
  }
''
