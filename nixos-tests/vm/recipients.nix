# The broker holds an agent to its recipients, and leaves the manager free.
{
  scenario = "recipients";

  nodes.machine.services.hyperhive = {
    manager = {
      enable = true;
      # Says nothing about a manager, who may write to everyone.
      allowedRecipients = [ ];
    };
    agents = {
      alice.allowedRecipients = [
        "bob"
        "operator"
      ];
      bob = { };
    };
  };
}
