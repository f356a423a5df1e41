import filecmp
import re
from pathlib import Path
from typing import Any, Final

import pytest

from tests.nixos import nix, packaging

packaging.need_flake()
nix.need_tree()

TEMPLATE: Final = nix.ROOT / "templates" / "default"
#: The start of a Nix function of `here`: `evaluate MODULES`, a NixOS system, and the flake's `outputs`.
SYSTEMS: Final = f"""
  {{ nixpkgs, lib, standIn, root }}:
  let
    offline = import {nix.EVAL}/offline.nix {{ inherit nixpkgs lib; }};
    # That one follows from the other in the first NixOS that has both.
    inside = {{ config, ... }}: {{ boot.isContainer = config.boot.isNspawnContainer; }};
    outputs = import {packaging.HERE}/outputs.nix {{
      root = /. + root;
      nixpkgs = standIn;
      nixosSystem = {{ modules, ... }}: offline.evaluate (modules ++ [ inside ]);
    }};
    failed = system: map (one: one.message) (builtins.filter (one: !one.assertion) system.config.assertions);
  in
"""


def evaluate(directory: Path, expression: str) -> Any:
    """The value of an expression below SYSTEMS."""
    return nix.evaluate(
        SYSTEMS + expression,
        nixpkgs=str(nix.tree()),
        lib=str(nix.library() / "lib"),
        standIn=str(packaging.nixpkgs(directory)),
        root=str(nix.ROOT),
    )


def test_the_template_is_a_machine_with_a_manager_a_coder_and_a_reviewer(tmp_path: Path) -> None:
    found = evaluate(
        tmp_path,
        f"""
          let
            system = offline.evaluate [
              outputs.nixosModules.default
              {TEMPLATE}/configuration.nix
              {TEMPLATE}/machine.nix
              {{ fileSystems."/".device = "/dev/disk/by-label/nixos"; }}
            ];
            hive = system.config.services.hyperhive;
          in {{
            failed = failed system;
            roles = builtins.mapAttrs (_: agent: agent.role) hive.evaluated;
            bash = builtins.mapAttrs (_: agent: agent.options.bash.allow) hive.evaluated;
            servers = builtins.mapAttrs (_: agent: builtins.attrNames agent.options.mcpServers)
              hive.evaluated;
            recipients = builtins.mapAttrs (_: agent: agent.options.allowedRecipients) hive.evaluated;
            package = hive.package == outputs.packages.x86_64-linux.hyperhive;
            allowed = map (name: system.config.nixpkgs.config.allowUnfreePredicate {{ pname = name; }})
              [ "claude-code" "claude-code-extra" ];
          }}
        """,
    )
    # A current NixOS minds that the tests bring packages of their own.
    failed = [message for message in found.pop("failed") if "externally created instance" not in message]
    assert failed == []
    assert found.pop("bash")["manager"] == []
    assert found == {
        "roles": {"alice": "agent", "bob": "agent", "manager": "manager"},
        "servers": {"alice": [], "bob": ["checklist"], "manager": []},
        "recipients": {
            "alice": ["manager", "bob", "operator"],
            "bob": ["manager", "alice"],
            "manager": None,
        },
        "package": True,
        "allowed": [True, False],
    }


def test_make_agent_is_the_system_of_a_container_with_the_policy_of_its_modules(tmp_path: Path) -> None:
    found = evaluate(
        tmp_path,
        f"""
          let
            system = outputs.lib.mkAgent {{
              name = "bob";
              system = "x86_64-linux";
              modules = [ {TEMPLATE}/agents/bob.nix ];
            }};
            inherit (system) config;
          in {{
            inherit (config.hyperhive) name;
            inherit (config.hyperhive.settings.agent) allowed_recipients;
            inherit (config.boot) isNspawnContainer;
            failed = failed system;
            package = config.hyperhive.package == outputs.packages.x86_64-linux.hyperhive;
            unit = config.systemd.services ? hyperhive-harness;
          }}
        """,
    )
    assert found == {
        "name": "bob",
        "allowed_recipients": ["manager", "alice"],
        "isNspawnContainer": True,
        "failed": [],
        "package": True,
        "unit": True,
    }


def test_the_systems_among_the_flakes_checks_evaluate(tmp_path: Path) -> None:
    found = evaluate(
        tmp_path,
        """
          builtins.mapAttrs (_: check: check.type) { inherit (outputs.checks.x86_64-linux) agent template; }
        """,
    )
    assert found == {"agent": "derivation", "template": "derivation"}


def test_the_templates_flake_has_one_machine_of_all_its_files(tmp_path: Path) -> None:
    found = evaluate(
        tmp_path,
        f"""
          let
            flake = import {TEMPLATE}/flake.nix;
            made = flake.outputs {{
              self = made;
              nixpkgs.lib.nixosSystem = {{ modules }}: modules;
              hyperhive.nixosModules.default = "hyperhive";
            }};
          in {{
            inputs = builtins.mapAttrs (_: input: input.inputs or {{ }}) flake.inputs;
            machines = builtins.mapAttrs (_: map toString) made.nixosConfigurations;
          }}
        """,
    )
    assert found == {
        "inputs": {"hyperhive": {"nixpkgs": {"follows": "nixpkgs"}}, "nixpkgs": {}},
        "machines": {
            "hive": ["hyperhive", f"{TEMPLATE}/machine.nix", f"{TEMPLATE}/configuration.nix"],
        },
    }


def test_the_template_is_for_the_release_that_the_flake_is_tested_with() -> None:
    pattern = r'nixpkgs\.url = "([^"]+)"'
    files = (nix.ROOT / "flake.nix", TEMPLATE / "flake.nix")
    urls = {match[1] for file in files if (match := re.search(pattern, file.read_text(encoding="utf-8")))}
    assert urls == {"github:NixOS/nixpkgs/nixos-26.05"}


@pytest.mark.parametrize("name", ["checklist_server.py"])
def test_what_the_template_shares_with_the_examples_is_the_same(name: str) -> None:
    example = packaging.PROJECT / "examples" / name
    assert filecmp.cmp(example, TEMPLATE / "agents" / name, shallow=False)
