# The host's side: a broker, and one container for each agent.
{
  imports = [
    ./options.nix
    ./broker.nix
    ./agents.nix
    ./disks.nix
    ./network.nix
    ./assertions.nix
  ];
}
