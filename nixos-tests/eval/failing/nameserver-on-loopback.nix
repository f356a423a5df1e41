# A server that only the host itself reaches.
{
  message = ''
    services.hyperhive.network.nameservers: "127.0.0.53" is the host's loopback, which is not the agents'.
  '';
  hive.services.hyperhive = {
    enable = true;
    network.nameservers = [ "127.0.0.53" ];
  };
}
