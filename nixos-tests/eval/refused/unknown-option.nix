# A misspelt option of an agent.
{
  message = "services.hyperhive.agents.alice.allowedRecipient";
  hive.services.hyperhive = {
    enable = true;
    agents.alice.allowedRecipient = [ "manager" ];
  };
}
