"""What the module asks of the rest of the host's network, with every firewall that NixOS has."""

from typing import Any, Final

from tests.nixos import nix

nix.need_tree()

EXPRESSION: Final = """
{ nixpkgs, lib, directory, modules, backend }:
let
  offline = import (directory + "/offline.nix") { inherit nixpkgs lib; };
  inherit (offline.evaluate [
    (directory + "/machine.nix")
    modules
    {
      networking = {
        firewall.backend = backend;
        nftables.enable = backend == "nftables";
        nftables.flushRuleset = backend == "nftables";
      };
      services.hyperhive = {
        enable = true;
        manager.enable = false;
        agents.alice = { };
        network.hostPorts = [ 4000 ];
        network.nameservers = [ "10.231.0.1" ];
      };
    }
  ]) config;
  inherit (config.networking) firewall;
  ours = text: builtins.filter (line: builtins.match ".*ve-h-.*" line != null)
    (builtins.filter builtins.isString (builtins.split "\\n" text));
in {
  interfaces = builtins.mapAttrs (_: one: { tcp = one.allowedTCPPorts; udp = one.allowedUDPPorts; })
    firewall.interfaces;
  commands = ours firewall.extraCommands;
  stopCommands = ours firewall.extraStopCommands;
  forward = ours firewall.extraForwardRules;
  # An older NixOS has other assertions about its own firewall.
  assertions = map (one: one.message) (
    builtins.filter (one: !one.assertion && builtins.match ".*hyperhive.*" one.message != null)
      config.assertions
  );
  inherit (config) warnings;
  unmanaged = builtins.attrNames config.systemd.network.networks;
  forwarding = config.boot.kernel.sysctl."net.ipv4.conf.all.forwarding";
}
"""


def host(backend: str) -> Any:
    return nix.evaluate(
        EXPRESSION,
        nixpkgs=str(nix.tree()),
        lib=str(nix.library() / "lib"),
        directory=str(nix.EVAL),
        modules=str(nix.MODULES),
        backend=backend,
    )


PORTS: Final = {"tcp": [53, 4000], "udp": [53]}
ALIKE: Final = {"unmanaged": ["10-hyperhive"], "forwarding": True}


def test_the_firewall_of_iptables_lets_through_what_the_own_rules_accept() -> None:
    assert host("iptables") == {
        **ALIKE,
        "interfaces": {"ve-h-+": PORTS},
        "commands": [
            f"iptables -w -C FORWARD -{way} ve-h-+ -j ACCEPT 2>/dev/null"
            f" || iptables -w -A FORWARD -{way} ve-h-+ -j ACCEPT"
            for way in "io"
        ],
        "stopCommands": [
            f"iptables -w -D FORWARD -{way} ve-h-+ -j ACCEPT 2>/dev/null || true" for way in "io"
        ],
        "forward": [],
        "assertions": [],
        "warnings": [],
    }


def test_the_firewall_of_nftables_does_so_and_must_not_flush_the_own_rules() -> None:
    found = host("nftables")
    assert [message.split(":")[0] for message in found.pop("assertions")] == [
        "networking.nftables.flushRuleset"
    ]
    assert found == {
        **ALIKE,
        "interfaces": {"ve-h-*": PORTS},
        "commands": [],
        "stopCommands": [],
        "forward": ['iifname "ve-h-*" accept'],
        "warnings": [],
    }


def test_an_operator_with_firewalld_is_told_what_is_left_to_do() -> None:
    found = host("firewalld")
    assert (found["commands"], found["forward"], found["assertions"]) == ([], [], [])
    assert [warning.split(":")[0] for warning in found["warnings"]] == ["services.hyperhive"]
