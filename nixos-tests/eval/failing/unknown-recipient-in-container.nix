# The same mistake in the agent's own module.
{
  message = ''
    services.hyperhive.agents.bob.allowedRecipients: nobody is called "alcie"; there are bob, manager, operator.
  '';
  hive.services.hyperhive = {
    enable = true;
    agents.bob.config.hyperhive.allowedRecipients = [ "alcie" ];
  };
}
