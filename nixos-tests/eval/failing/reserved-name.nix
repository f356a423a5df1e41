# A name that means somebody else.
{
  message = ''services.hyperhive.agents.operator: the name "operator" is reserved.'';
  hive.services.hyperhive = {
    enable = true;
    agents.operator = { };
  };
}
