"""The managed settings of Claude Code as Nix renders them: the committed files, and Python's lists."""

from typing import Any

from hyperhive.harness.options import CLOSED_TOOLS, QUIET_ENVIRONMENT
from tests.nixos import managed_settings, nix

nix.need_library()


def known_tools() -> Any:
    return nix.evaluate(nix.MODULES / "claude-tools.nix")


def test_the_committed_settings_are_what_the_module_renders() -> None:
    assert managed_settings.evaluated() == managed_settings.committed(), (
        "refresh with: python -m tests.nixos.managed_settings"
    )


def test_nix_and_python_close_the_same_tools() -> None:
    assert tuple(known_tools()["closed"]) == CLOSED_TOOLS


def test_a_tool_is_closed_or_open() -> None:
    tools = known_tools()
    assert not set(tools["closed"]) & set(tools["open"])
    assert {*tools["renamed"], *tools["renamed"].values()} <= set(tools["closed"])
    assert set(tools["writing"]) <= set(tools["open"])


def test_the_environment_is_as_quiet_as_the_harness_makes_it() -> None:
    settings = managed_settings.settings("any-command")["env"]
    quiet = {name: value for name, value in settings.items() if value}
    assert quiet.items() <= QUIET_ENVIRONMENT.items()
    assert {name for name, value in settings.items() if not value} == {
        "BASH_ENV",
        "CLAUDE_CODE_SHELL_PREFIX",
        "CLAUDE_ENV_FILE",
    }
