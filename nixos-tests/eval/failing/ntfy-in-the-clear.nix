# Agents' texts, readable for the whole network.
{
  message = ''
    services.hyperhive.notifications.ntfy.url: "http://192.168.1.2/hive" is beyond loopback: it must begin with https://.
  '';
  hive.services.hyperhive = {
    enable = true;
    notifications.ntfy.url = "http://192.168.1.2/hive";
  };
}
