# A name that no container can have.
{
  message = ''
    services.hyperhive.agents: "Code_Monkey" cannot be an agent's name: it takes lower-case letters, digits and hyphens, at
    most 31 characters, begins with a letter and does not end with a hyphen.
  '';
  hive.services.hyperhive = {
    enable = true;
    agents.Code_Monkey = { };
  };
}
