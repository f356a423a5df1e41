# The flake's `lib.mkAgent`: the whole NixOS system of one agent's container, for an agent that no host declares.
{
  # From nixpkgs.
  nixosSystem,
  # The module of the container's side: the flake's `nixosModules.agent`.
  agent,
}:
{
  name,
  system,
  # The agent's own modules, such as its `agent.nix`.
  modules ? [ ],
  specialArgs ? { },
}:
nixosSystem {
  inherit specialArgs;
  modules = [
    agent
    {
      boot.isNspawnContainer = true;
      hyperhive = { inherit name; };
      nixpkgs.hostPlatform = system;
    }
  ]
  ++ modules;
}
