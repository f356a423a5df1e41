# No port at all.
{
  message = "services.hyperhive.dashboard.port";
  hive.services.hyperhive = {
    enable = true;
    dashboard.port = 70000;
  };
}
