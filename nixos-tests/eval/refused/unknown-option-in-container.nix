# A misspelt option in the agent's own module.
{
  message = "containers.h-alice.hyperhive.allowedRecipient";
  hive.services.hyperhive = {
    enable = true;
    agents.alice.config.hyperhive.allowedRecipient = [ "manager" ];
  };
}
