# More percent than there are.
{
  message = "services.hyperhive.manager.context.compactAbovePercent";
  hive.services.hyperhive = {
    enable = true;
    manager.context.compactAbovePercent = 150;
  };
}
