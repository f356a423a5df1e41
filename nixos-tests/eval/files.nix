# An evaluated hive as the files that stand in expected/<hive>.json: path -> text, or a value that is JSON there.
{
  lib,
  pkgs,
  modules,
  # Directories of more modules of which a hive's machine is made, such as the scripted model's.
  tests ? [ ],
}:
{ config, options, ... }:
let
  cfg = config.services.hyperhive;

  # What the modules of some directories say in an option, merged as if nobody else had said anything.
  saidIn =
    directories: option:
    let
      isThere = file: directory: lib.hasPrefix "${toString directory}/" (toString file);
      isOurs = definition: lib.any (isThere definition.file) directories;
      definitions = lib.filter isOurs option.definitionsWithLocations;
    in
    (lib.mergeDefinitions option.loc option.type definitions).mergedValue;

  ours = saidIn [ modules ];

  containerServices = lib.filterAttrs (name: _: lib.hasPrefix "container@" name) (
    ours options.systemd.services
  );
  testServices = lib.attrNames (saidIn tests options.systemd.services);
  isOurs =
    name: _:
    lib.hasInfix "hyperhive" name
    # The mounts of containers' roots.
    || lib.hasPrefix "var-lib-nixos\\x2dcontainers-" name
    || lib.elem (lib.removeSuffix ".service" name) testServices;

  lines = lib.concatMapStrings (line: "${line}\n");
  under = directory: lib.mapAttrs' (name: lib.nameValuePair "${directory}/${name}");

  # The lines of a unit's section: a list repeats its key.
  assignments =
    section:
    let
      word = value: if lib.isBool value then lib.boolToString value else toString value;
      assign = key: value: map (one: "${key}=${word one}") (lib.toList value);
    in
    lib.concatLists (lib.mapAttrsToList assign (lib.filterAttrs (_: value: value != null) section));

  # NixOS leaves out of a unit's text who wants it.
  unitText =
    services: name: unit:
    let
      triggers = services.${lib.removeSuffix ".service" name}.restartTriggers or [ ];
      install = assignments {
        WantedBy = unit.wantedBy;
        RequiredBy = unit.requiredBy;
      };
    in
    unit.text
    + lines (
      lib.optional (install != [ ]) "[Install]"
      ++ install
      ++ map (one: "# restart trigger: ${one}") triggers
    );

  units =
    config:
    under "units" (
      lib.mapAttrs (unitText config.systemd.services) (lib.filterAttrs isOurs config.systemd.units)
    );

  # Programs of units that NixOS writes into files of their own.
  scripts =
    services:
    let
      kinds = [
        "preStart"
        "script"
        "postStart"
        "preStop"
        "postStop"
        "reload"
      ];
      texts = service: lib.filterAttrs (kind: text: lib.elem kind kinds && text != "") service;
      named = name: lib.mapAttrs' (kind: lib.nameValuePair "${name}-${kind}");
    in
    under "scripts" (lib.concatMapAttrs (name: service: named name (texts service)) services);

  # What the module adds to the unit that NixOS makes for the container.
  dropIn =
    service:
    lines (
      [ "[Unit]" ]
      ++ assignments service.unitConfig
      ++ [ "[Service]" ]
      # NixOS gives every service a path.
      ++ lib.mapAttrsToList (name: value: ''Environment="${name}=${value}"'') (
        removeAttrs service.environment [ "PATH" ]
      )
      ++ assignments service.serviceConfig
    );

  dropIns = lib.mapAttrs' (
    name: service: lib.nameValuePair "units/${name}.service.d/hyperhive.conf" (dropIn service)
  ) containerServices;

  # NixOS writes these where systemd-networkd runs, and nowhere else.
  links = lib.mapAttrs' (
    name: network:
    lib.nameValuePair "etc/systemd/network/${name}.network" (
      lines (
        [ "[Match]" ] ++ assignments network.matchConfig ++ [ "[Link]" ] ++ assignments network.linkConfig
      )
    )
  ) (ours options.systemd.network.networks);

  # A unit's text only names the file of rules, so they are made once more, and must come to the same file.
  packetFilter =
    let
      text = import (modules + "/nftables.nix") { inherit lib; } {
        inherit (cfg.network)
          subnet
          hostPorts
          nameservers
          privateDestinations
          ;
        inherit (import (modules + "/addresses.nix") { inherit lib; } cfg.network.subnet) host;
      };
      file = pkgs.writeText "hyperhive.nft" text;
      command = config.systemd.services.hyperhive-network.serviceConfig.ExecStart;
    in
    if lib.hasSuffix " ${file}" command then
      text
    else
      throw "modules/network.nix gives nftables.nix other arguments than here, or its file another name";

  # Files that a test puts on its machine.
  testFiles = lib.concatMapAttrs (
    name: file: { "etc/${name}" = if file.text != null then file.text else builtins.readFile file.source; }
  ) (saidIn tests options.environment.etc);

  account = user: {
    inherit (user)
      createHome
      extraGroups
      group
      home
      isSystemUser
      ;
  };

  host = {
    "etc/hyperhive/broker.json" = cfg.settings;
    "polkit.rules" = ours options.security.polkit.extraConfig;
    "tmpfiles.conf" = lines (ours options.systemd.tmpfiles.rules);
    "hyperhive.nft" = packetFilter;
    "host.json" = {
      warnings = ours options.warnings;
      users = lib.mapAttrs (_: account) (lib.filterAttrs isOurs config.users.users);
      groups = lib.attrNames (lib.filterAttrs isOurs config.users.groups);
      sysctl = ours options.boot.kernel.sysctl;
      firewall = {
        inherit (lib.mapAttrs (_: ours) options.networking.firewall)
          allowedTCPPorts
          extraCommands
          extraStopCommands
          interfaces
          trustedInterfaces
          ;
      };
    };
  }
  // testFiles
  // units config
  // scripts (lib.filterAttrs isOurs config.systemd.services)
  // scripts containerServices
  // dropIns
  // links
  // lib.concatMapAttrs (
    name: _:
    let
      file = "nixos-containers/${name}.conf";
    in
    {
      "etc/${file}" = config.environment.etc.${file}.text;
    }
  ) config.containers;

  container =
    settings:
    let
      inside = settings.config;
    in
    {
      "settings.json" = {
        inherit (settings)
          additionalCapabilities
          allowedDevices
          autoStart
          bindMounts
          enableTun
          ephemeral
          extraFlags
          forwardPorts
          hostAddress
          interfaces
          localAddress
          macvlans
          privateNetwork
          privateUsers
          timeoutStartSec
          tmpfs
          ;
      };
      "inside.json" = {
        networking = {
          inherit (inside.networking) hostName nameservers useHostResolvConf;
          firewall = inside.networking.firewall.enable;
        };
        nix = inside.nix.enable;
        inherit (inside.system) stateVersion;
      };
      "etc/hyperhive/harness.json" = inside.hyperhive.settings;
      "etc/hyperhive/mcp.json" = builtins.fromJSON (
        builtins.unsafeDiscardStringContext inside.environment.etc."hyperhive/mcp.json".text
      );
      "etc/claude-code/managed-settings.json" = builtins.fromJSON (
        builtins.unsafeDiscardStringContext inside.environment.etc."claude-code/managed-settings.json".text
      );
    }
    // units inside
    // scripts (lib.filterAttrs isOurs inside.systemd.services);
in
under "host" host
// lib.concatMapAttrs (
  name: settings: under "containers/${name}" (container settings)
) config.containers
