# One name where a list of names belongs.
{
  message = "services.hyperhive.agents.alice.allowedRecipients";
  hive.services.hyperhive = {
    enable = true;
    agents.alice.allowedRecipients = "manager";
  };
}
