# One unprivileged container for each agent: uid range, directories, mounts, limits.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.hyperhive;
  uidBase = import ./uid-base.nix { inherit lib; };
  addresses = import ./addresses.nix { inherit lib; } cfg.network.subnet;

  root = "/var/lib/hyperhive/agents";

  declared = cfg.agents // lib.optionalAttrs cfg.manager.enable { inherit (cfg) manager; };

  evaluate =
    name: declaration:
    let
      base = uidBase name;
      container = "h-${name}";
    in
    {
      inherit container;
      inherit (declaration) autoStart role;
      options = config.containers.${container}.config.hyperhive;
      unit = "container@${container}.service";
      uidBase = base;
      address = addresses.agent ((base - 1879048192) / 65536);
      directory = "${root}/${name}";
      stateDir = "${root}/${name}/state";
      claudeDir = "${root}/${name}/claude";
      socketDir = "/run/hyperhive/agents/${name}";
    };

  credentialFlags =
    agent:
    map (name: "--load-credential=${name}:${toString cfg.credentials.${name}}") (
      lib.unique (lib.filter (name: cfg.credentials ? ${name}) (lib.attrValues agent.options.credentials))
    );

  container = name: declaration: agent: {
    inherit (agent) autoStart;
    # All agents start at once with the machine; a minute, as NixOS has it, is soon over on a small one.
    timeoutStartSec = "5min";
    privateUsers = agent.uidBase;
    privateNetwork = true;
    hostAddress = addresses.host;
    localAddress = agent.address;
    bindMounts = {
      "/run/hyperhive".hostPath = agent.socketDir;
      "/agents/${name}/state" = {
        hostPath = agent.stateDir;
        isReadOnly = false;
      };
      "/agents/${name}/claude" = {
        hostPath = agent.claudeDir;
        isReadOnly = false;
      };
    };
    extraFlags = [
      # The files of the container's root belong to its uid range on the disk, too. Mapped by the mount they would be
      # the host's root's there, and a setuid program among them a way to become it.
      "--private-users-ownership=chown"
      # For the same reason: NixOS binds these two mapped and writable.
      "--tmpfs=/nix/var/nix/profiles:mode=0755"
      "--tmpfs=/nix/var/nix/gcroots:mode=0755"
      # The host need not read journals that an agent has written; `journalctl -M` works without.
      "--link-journal=no"
    ]
    ++ lib.optional (!agent.options.nix.enable) "--inaccessible=/nix/var/nix/daemon-socket"
    ++ credentialFlags agent;
    config = {
      imports = [
        ./agent.nix
        declaration.config
      ];
      config = {
        hyperhive = lib.mkMerge [
          declaration.forwarded
          {
            inherit name;
            package = lib.mkDefault cfg.package;
            operator.pronouns = lib.mkDefault cfg.operator.pronouns;
          }
        ];
        # One evaluation of nixpkgs for the whole hive; `allowUnfree` of the host holds inside as well.
        nixpkgs.pkgs = lib.mkDefault pkgs;
        networking.nameservers = lib.mkDefault cfg.network.nameservers;
      };
    };
  };

  unit = agent: {
    requires = [ "hyperhive-network.service" ];
    wants = [ "hyperhive.service" ];
    after = [
      "hyperhive-network.service"
      "hyperhive.service"
    ];
    unitConfig.RequiresMountsFor = [
      agent.directory
      "/var/lib/nixos-containers/${agent.container}"
    ];
    # NixOS makes directories and files below the container's root as root of the host before every start. No link that
    # the container left behind may lead it elsewhere; nothing of the container runs at this time.
    preStart = lib.mkBefore ''
      for path in etc etc/{machine-id,os-release,resolv.conf} usr usr/bin var var/lib var/lib/private root; do
        if [ -L "$root/$path" ]; then
          rm -- "$root/$path"
        fi
      done
    '';
    # Without its nspawn a container that has used up its memory would not start again, as systemd-machined keeps its name
    # taken. What runs inside is killed as always: it was started before.
    postStart = lib.mkAfter ''
      echo -1000 > "/proc/$MAINPID/oom_score_adj"
    '';
    serviceConfig = {
      CPUQuota = "${toString agent.options.limits.cpuPercent}%";
      MemoryMax = "${toString agent.options.limits.memoryMiB}M";
      MemorySwapMax = 0;
      TasksMax = agent.options.limits.tasks;
    };
  };

  directories = _: agent: [
    # The broker makes them as well; a container can start although the broker cannot.
    "d ${agent.socketDir} 0711 hyperhive hyperhive -"
    "d ${agent.stateDir} 0700 ${toString agent.uidBase} ${toString agent.uidBase} -"
    "d ${agent.claudeDir} 0700 ${toString agent.uidBase} ${toString agent.uidBase} -"
  ];
in
{
  config = lib.mkIf cfg.enable {
    services.hyperhive.evaluated = lib.mapAttrs evaluate declared;

    containers = lib.mapAttrs' (
      name: declaration:
      lib.nameValuePair "h-${name}" (container name declaration cfg.evaluated.${name})
    ) declared;

    systemd.services = lib.mapAttrs' (
      _: agent: lib.nameValuePair "container@${agent.container}" (unit agent)
    ) cfg.evaluated;

    # Root owns the way down, so that neither the broker nor an agent can put a link into it.
    systemd.tmpfiles.rules = [
      "d /var/lib/hyperhive 0755 root root -"
      # No account of the host has business among the files of a container's root.
      "d /var/lib/nixos-containers 0700 root root -"
      "d ${root} 0711 root root -"
      "d /run/hyperhive 0755 hyperhive hyperhive -"
      "d /run/hyperhive/agents 0700 hyperhive hyperhive -"
    ]
    ++ lib.concatLists (lib.mapAttrsToList directories cfg.evaluated);
  };
}
