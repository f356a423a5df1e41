# Addresses that belong to others.
{
  message = ''
    services.hyperhive.network.subnet: "8.8.0.0/16" is not private: take a network in 10.0.0.0/8, 172.16.0.0/12,
    192.168.0.0/16, 100.64.0.0/10.
  '';
  hive.services.hyperhive = {
    enable = true;
    network.subnet = "8.8.0.0/16";
  };
}
