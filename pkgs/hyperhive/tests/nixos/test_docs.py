"""The Nix of the documents is a hive that evaluates."""

from pathlib import Path

from tests.nixos import nix
from tests.test_docs import blocks

nix.need_tree()


def test_the_files_of_the_installation_are_a_hive(tmp_path: Path) -> None:
    flake, hive, bob = blocks("nix")
    for name, text in (("flake.nix", flake), ("hive.nix", hive), ("bob.nix", bob)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        nix.instantiate("--parse", str(tmp_path / name))
    found = nix.evaluate(
        f"""
          {{ nixpkgs, lib }}:
          let
            offline = import {nix.EVAL}/offline.nix {{ inherit nixpkgs lib; }};
            system = offline.evaluate [ {nix.EVAL}/machine.nix {nix.MODULES} {tmp_path}/hive.nix ];
            agents = system.config.services.hyperhive.evaluated;
          in {{
            failed = map (one: one.message) (builtins.filter (one: !one.assertion) system.config.assertions);
            recipients = builtins.mapAttrs (_: agent: agent.options.allowedRecipients) agents;
            servers = builtins.attrNames agents.bob.options.mcpServers;
            token = agents.alice.options.credentials;
          }}
        """,
        nixpkgs=str(nix.tree()),
        lib=str(nix.library() / "lib"),
    )
    # A current NixOS minds that the tests bring packages of their own.
    assert [text for text in found.pop("failed") if "externally created instance" not in text] == []
    assert found == {
        "recipients": {"alice": ["manager", "bob"], "bob": ["manager", "alice"], "manager": None},
        "servers": ["orders"],
        "token": {"CLAUDE_CODE_OAUTH_TOKEN": "claude"},
    }
