# A disk for each agent, so that none fills the host's: a file with a file system of its own, mounted where the agent's
# directories are and where its container's root is.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.hyperhive;

  disks = "/var/lib/hyperhive/disks";
  file = name: "${disks}/${name}.ext4";

  # Before local file systems count as mounted, and so before most of what units are ordered after by default.
  early = {
    after = [ "systemd-tmpfiles-setup.service" ];
    before = [ "umount.target" ];
    conflicts = [ "umount.target" ];
    unitConfig.DefaultDependencies = false;
  };

  service = name: agent: {
    name = "hyperhive-disk-${name}";
    value = lib.recursiveUpdate early {
      description = "Disk of hyperhive's agent ${name}";
      path = [ pkgs.e2fsprogs ];
      environment = {
        disk = file name;
        directory = agent.directory;
        size = toString (agent.options.limits.diskMiB * 1048576);
      };
      # Stopped and started by two commands, it would take the agent's container along and not bring it back.
      stopIfChanged = false;
      unitConfig.RequiresMountsFor = [ disks ];
      script = builtins.readFile ./disk.sh;
      serviceConfig = import ./hardening.nix // {
        Type = "oneshot";
        RemainAfterExit = true;
        # A new disk starts with what is in the agent's directories, which are closed to others.
        CapabilityBoundingSet = "CAP_DAC_READ_SEARCH";
        ReadWritePaths = [ disks ];
        # Checking a large disk after a power cut takes a while.
        TimeoutStartSec = "15min";
      };
    };
  };

  mount =
    name: agent:
    early
    // {
      description = "Disk of hyperhive's agent ${name}";
      what = file name;
      where = agent.directory;
      type = "ext4";
      # What an agent leaves there is never a setuid program or a device, and what it deletes is free on the host.
      options = "loop,nosuid,nodev,discard";
      requires = [ "hyperhive-disk-${name}.service" ];
      after = early.after ++ [ "hyperhive-disk-${name}.service" ];
      wantedBy = [ "machines.target" ];
    };

  root =
    name: agent:
    early
    // {
      description = "Root of the container of hyperhive's agent ${name}";
      what = "${agent.directory}/container/root";
      where = "/var/lib/nixos-containers/${agent.container}";
      type = "none";
      options = "bind,nosuid,nodev";
      wantedBy = [ "machines.target" ];
      unitConfig = early.unitConfig // {
        RequiresMountsFor = [ agent.directory ];
      };
    };

  directories = agent: [
    "d ${agent.directory} 0711 root root -"
    # No account of the host has business among the files of a container's root.
    "d ${agent.directory}/container 0700 root root -"
    # Nspawn gives the whole tree to the container when the uppermost directory is not yet the container's.
    "d ${agent.directory}/container/root :0755 :root :root -"
  ];
in
{
  config = lib.mkIf cfg.enable {
    systemd.services = lib.mapAttrs' service cfg.evaluated;
    systemd.mounts = lib.concatLists (
      lib.mapAttrsToList (name: agent: [
        (mount name agent)
        (root name agent)
      ]) cfg.evaluated
    );
    systemd.tmpfiles.rules = [
      "d ${disks} 0700 root root -"
    ]
    ++ lib.concatMap directories (lib.attrValues cfg.evaluated);
  };
}
