# A name where an address belongs.
{
  message = ''
    services.hyperhive.network.privateDestinations: "nas.local" is not an IPv4 address or network.
  '';
  hive.services.hyperhive = {
    enable = true;
    network.privateDestinations = [ "nas.local" ];
  };
}
