# Mail from the operator over two agents and back.
{
  scenario = "messages";

  nodes.machine.services.hyperhive.agents = {
    alice = { };
    bob = { };
  };
}
