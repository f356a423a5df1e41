# The flake of a machine with a hive on it.
{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    hyperhive = {
      # Where you took this template from, such as "github:OWNER/hyperhive" or "git+file:///home/me/hyperhive".
      url = "github:hyperhive/hyperhive";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs =
    { nixpkgs, hyperhive, ... }:
    {
      # sudo nixos-rebuild switch --flake .#hive
      nixosConfigurations.hive = nixpkgs.lib.nixosSystem {
        modules = [
          hyperhive.nixosModules.default
          ./machine.nix
          ./configuration.nix
        ];
      };
    };
}
