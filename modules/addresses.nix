# Addresses of the host and the agents in `services.hyperhive.network.subnet`.
{ lib }:
subnet:
let
  ipv4 = import ./ipv4.nix { inherit lib; };

  # One for each uid range, which is what an agent's address follows from.
  agents = 3584;
  largest = 20;

  private = [
    "10.0.0.0/8"
    "172.16.0.0/12"
    "192.168.0.0/16"
    "100.64.0.0/10"
  ];

  network = ipv4.parse subnet;

  problem =
    if network == null || !lib.hasInfix "/" subnet then
      "is not an IPv4 network such as 10.231.0.0/20"
    else if network.prefixLength > largest then
      "has room for ${toString network.size} addresses, but each of ${toString agents} possible agents needs its own: take a /${toString largest} or larger"
    else if !ipv4.isNetwork subnet then
      "has bits set behind its prefix of ${toString network.prefixLength}: did you mean ${
        ipv4.format (network.first / network.size * network.size)
      }/${toString network.prefixLength}?"
    else if !lib.any (range: ipv4.within range subnet) private then
      "is not private: take a network in ${lib.concatStringsSep ", " private}"
    else
      null;

  # The assertion says it first; this is for whoever looks at an address without it.
  checked =
    value:
    if problem == null then
      value
    else
      throw "services.hyperhive.network.subnet: ${builtins.toJSON subnet} ${problem}";

  address = offset: checked (ipv4.format (network.first + offset));
in
{
  # What is wrong with the subnet, as the end of a sentence, or null.
  inherit problem;

  prefixLength = checked network.prefixLength;
  host = address 1;

  # `index`: number of the agent's uid range, from 0.
  agent = index: address (2 + index);

  # Whether an address or network lies in the subnet.
  contains = text: checked (ipv4.within subnet text);
}
