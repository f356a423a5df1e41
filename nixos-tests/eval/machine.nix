# The least that NixOS wants to know of a machine before it evaluates.
{
  boot.loader.grub.enable = false;
  fileSystems."/" = {
    device = "/dev/disk/by-label/nixos";
    fsType = "ext4";
  };
  networking.hostName = "host";
  system.stateVersion = "26.05";
}
