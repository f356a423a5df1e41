"""The command that decides on a call of a `claude` that was started by hand; only exit code 2 refuses."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import agent_config

CALL = {"tool_name": "Bash", "tool_input": {"command": "git  log # x"}, "cwd": "/nowhere/state"}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "harness.json"
    file.write_text(
        json.dumps(
            {
                "agent": agent_config("ada", bash=["git *"]),
                "socket": "/nowhere/broker.sock",
                "state_dir": "/nowhere/state",
                "operator": {"pronouns": "they/them", "password_credential": None},
                "claude": {"cli": None, "home": "/nowhere/home", "env": {}},
            }
        )
    )
    return file


def hook(config: Path, given: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hyperhive", "tool-hook", "--config", str(config)]
    return subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=20)


def test_what_is_allowed_is_told_with_what_is_to_run(config: Path) -> None:
    done = hook(config, json.dumps(CALL))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": "allow",
            "permissionDecisionReason": "hyperhive: pattern",
            "updatedInput": {"command": "git log"},
        }
    }


def test_half_a_character_is_judged_as_what_is_to_run(config: Path) -> None:
    call = CALL | {"tool_input": {"command": "git log '\ud83d'", "description": "\ud83d"}}
    done = hook(config, json.dumps(call))
    said = json.loads(done.stdout)["hookSpecificOutput"]
    assert said["updatedInput"] == {"command": "git log '\ufffd'", "description": "\ufffd"}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (json.dumps(CALL | {"tool_input": {"command": "whoami"}}), "refused this (no_pattern): `whoami`"),
        (json.dumps(CALL | {"tool_name": "WebFetch"}), "refused this (tool_not_listed)"),
        (json.dumps({}), "refused this (gate_failed)"),
        ("[]", "refused this (gate_failed)"),
        ("{", "could not check this"),
        ("", "could not check this"),
    ],
)
def test_everything_else_is_refused_and_says_why(config: Path, given: str, reason: str) -> None:
    done = hook(config, given)
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr


def test_a_configuration_that_cannot_be_read_is_a_refusal(tmp_path: Path) -> None:
    done = hook(tmp_path / "nothing.json", json.dumps(CALL))
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot be read" in done.stderr
