# A model that the agent starts with and could not return to.
{
  message = ''
    services.hyperhive.agents.alice.models: the agent's model "opus" is not among ["sonnet","haiku"].
  '';
  hive.services.hyperhive = {
    enable = true;
    agents.alice = {
      model = "opus";
      models = [
        "sonnet"
        "haiku"
      ];
    };
  };
}
