# A dashboard for the whole network in plain HTTP.
{
  message = ''
    services.hyperhive.dashboard.listenAddress: "0.0.0.0" is beyond loopback: set services.hyperhive.dashboard.tls, or waive
    it with services.hyperhive.dashboard.plainRemote.
  '';
  hive.services.hyperhive = {
    enable = true;
    dashboard.listenAddress = "0.0.0.0";
  };
}
