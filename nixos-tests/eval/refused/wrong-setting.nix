# A value that the broker would not accept.
{
  message = "services.hyperhive.settings.delivery.lease_seconds";
  hive.services.hyperhive = {
    enable = true;
    settings.delivery.lease_seconds = 1;
  };
}
