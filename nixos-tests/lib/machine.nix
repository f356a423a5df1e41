# The machine of the VM tests: a hive without a manager, whose agents' Claude Code talks to the scripted model.
{ lib, pkgs, ... }:
{
  imports = [ ./scripted-model.nix ];

  services.hyperhive = {
    enable = true;
    manager.enable = lib.mkDefault false;
  };

  # What the scenarios call beside the hive's own command.
  environment.systemPackages = [
    pkgs.curl
    pkgs.jq
    pkgs.socat
  ];
}
