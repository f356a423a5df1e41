# A key that the broker's configuration file does not have.
{
  message = "services.hyperhive.settings.delivery.lease_second";
  hive.services.hyperhive = {
    enable = true;
    settings.delivery.lease_second = 30;
  };
}
