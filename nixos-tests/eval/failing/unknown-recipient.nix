# Somebody who is not in the hive.
{
  message = ''
    services.hyperhive.agents.bob.allowedRecipients: nobody is called "alcie"; there are alice, bob, manager, operator.
  '';
  hive.services.hyperhive = {
    enable = true;
    agents.alice = { };
    agents.bob.allowedRecipients = [
      "manager"
      "alcie"
    ];
  };
}
