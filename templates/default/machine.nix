# The machine below the hive. If you have a NixOS configuration already, take only `allowUnfreePredicate` from here.
{ lib, ... }:
{
  # nixos-generate-config --show-hardware-config > hardware-configuration.nix; in a git repository, add it as well.
  imports = lib.optional (builtins.pathExists ./hardware-configuration.nix) ./hardware-configuration.nix;

  # Claude Code is unfree, and the only such package here.
  nixpkgs.config.allowUnfreePredicate = package: lib.getName package == "claude-code";
  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";

  networking.hostName = "hive";
  boot.loader.systemd-boot.enable = lib.mkDefault true;

  # The operator's commands are root's: `sudo hyperhive token`, `sudo hyperhive status`.
  users.users.me = {
    isNormalUser = true;
    extraGroups = [ "wheel" ];
    initialPassword = "change me";
  };

  system.stateVersion = "26.05";
}
