# A network in which the agents' addresses have no room.
{
  message = ''
    services.hyperhive.network.subnet: "10.1.2.0/24" has room for 256 addresses, but each of 3584 possible agents needs its
    own: take a /20 or larger.
  '';
  hive.services.hyperhive = {
    enable = true;
    network.subnet = "10.1.2.0/24";
  };
}
