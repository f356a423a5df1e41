"""The VM tests as far as they can be tried without a VM: read, evaluated, and played by processes."""

import ast
import json
import re
import shlex
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from hyperhive.cli.parser import COMMANDS
from hyperhive.config import BrokerConfig, HarnessConfig
from hyperhive.demo.claude_env import claude_environment
from hyperhive.demo.model_script import load_script
from hyperhive.system.installation import dashboard_dir
from tests.nixos import debian, expected, nix
from tests.nixos.local_machine import LIB, SCENARIOS, LocalMachine, play

DRIVER: Final = SCENARIOS / "driver.pyi"
NAMES: Final = sorted(path.stem for path in expected.VM.glob("*.nix"))

#: What needs units and containers of a real machine.
WALLS: Final = {
    "boot",
    "isolation",
    "isolation_kernel",
    "isolation_network",
    "isolation_planted",
    "lifecycle",
    "machine_restart",
    "selftest",
}
#: What is more than a hive and so is evaluated as a whole system; that takes two seconds each.
WHOLE: Final = ("boot", "dashboard_login", "isolation")

#: Tests of one name come one after the other, for which it is evaluated once.
EACH: Final = pytest.mark.parametrize("name", NAMES, scope="module")

pytestmark = pytest.mark.skipif(not expected.VM.is_dir(), reason=f"no VM tests in {nix.ROOT}")


@cache
def evaluated(name: str) -> dict[str, Any]:
    """A VM test as `lib/offline.nix` describes it."""
    reason = nix.lacking()
    if reason is not None:
        pytest.skip(reason)
    return expected.machine(name, without=[] if name in WHOLE else ["toplevel"])


def source(name: str) -> str:
    return (SCENARIOS / f"{name}.py").read_text(encoding="utf-8")


def driver_methods() -> set[str]:
    """Methods of the machine that every driver has."""
    tree = ast.parse(DRIVER.read_text(encoding="utf-8"))
    (machine,) = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return {node.name for node in machine.body if isinstance(node, ast.FunctionDef)}


def run(*command: str) -> str:
    """What a checker complains about; empty when it has nothing to say."""
    done = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, check=False, timeout=60
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_every_vm_test_has_a_scenario_with_a_model_script_and_the_other_way_round() -> None:
    assert len(NAMES) >= 8
    assert sorted(path.stem for path in SCENARIOS.glob("*.py")) == NAMES
    assert sorted(path.stem for path in SCENARIOS.glob("*.toml")) == NAMES
    sources = {name: (expected.VM / f"{name}.nix").read_text() for name in NAMES}
    named = {name: re.findall(r'scenario = "(\w+)"', text) for name, text in sources.items()}
    assert named == {name: [name] for name in NAMES}


@EACH
def test_a_scenario_asks_a_machine_only_for_what_every_driver_has(name: str) -> None:
    tree = ast.parse(source(name))
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "machine"
    }
    assert used
    assert used <= driver_methods()
    bare = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and any(isinstance(argument, ast.Name) and argument.id == "machine" for argument in node.args)
    ]
    assert bare == []


@EACH
def test_a_scenario_is_told_in_sentences_and_needs_the_standard_library_only(name: str) -> None:
    tree = ast.parse(source(name))
    sentences = [
        call.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.With)
        for call in [item.context_expr for item in node.items]
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "subtest"
        and isinstance(call.args[0], ast.Constant)
    ]
    assert sentences
    assert all(" " in str(sentence) for sentence in sentences)
    imported = {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    } | {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= set(sys.stdlib_module_names)


@EACH
def test_a_scenario_calls_commands_that_exist(name: str) -> None:
    text = source(name)
    called = set(re.findall(r"\bhyperhive ([a-z][a-z-]+)", text.replace("hyperhive refused", "")))
    assert called <= set(COMMANDS)
    # No store paths, so that it can be played on another distribution.
    assert "/run/current-system" not in text
    # The store itself is there, and not to be written to.
    assert re.findall(r"/nix/store/(?!made-inside)[^ ]*", text) == []


def test_scenarios_have_no_undefined_names_and_keep_the_style() -> None:
    assert run("ruff", "check", str(SCENARIOS.parent)) == ""
    assert run("ruff", "format", "--check", str(SCENARIOS.parent)) == ""


def test_the_types_of_scenarios_are_right(tmp_path: Path) -> None:
    declared = DRIVER.read_text(encoding="utf-8")
    for name in NAMES:
        # As NixOS's driver does: one text, with the names declared before it.
        (tmp_path / f"{name}.py").write_text(f"{declared}\n{source(name)}")
    files = [str(LIB / "looks.py"), *(str(tmp_path / f"{name}.py") for name in NAMES)]
    cached = str(tmp_path / "cache")
    found = run(
        "mypy", "--strict", "--allow-empty-bodies", "--cache-dir", cached, "--config-file", "", *files
    )
    assert found == ""


@EACH
def test_a_model_script_is_one_and_names_agents_of_its_hive(name: str) -> None:
    script = load_script(SCENARIOS / f"{name}.toml")
    agents = {turn.agent for turn in script.turn if turn.agent is not None}
    assert agents <= set(evaluated(name)["broker"]["agents"])


@EACH
def test_a_hive_of_a_vm_test_has_no_failed_assertion_and_its_files_load(name: str) -> None:
    test = evaluated(name)
    assert (test["name"], test["failed"]) == (f"hyperhive-{name}", [])
    assert name not in WHOLE or test["toplevel"].endswith(".drv")
    broker = BrokerConfig.model_validate_json(json.dumps(test["broker"]))
    harnesses = {
        agent: HarnessConfig.model_validate_json(json.dumps(harness))
        for agent, harness in test["harnesses"].items()
    }
    assert broker.agents == {agent: harness.agent for agent, harness in harnesses.items()}


@EACH
def test_the_machine_of_a_vm_test_renders_to_its_committed_files(name: str) -> None:
    test = evaluated(name)
    hive = debian.load("rendering").of_test(name)
    assert hive == f"vm-{test['hive']}"
    changed = expected.difference(expected.committed(hive), expected.texts(test["files"]))
    if changed:
        pytest.fail(
            f"another machine: if that is right, refresh with `make golden`\n{changed}", pytrace=False
        )


@EACH
def test_the_agents_of_a_vm_test_talk_to_the_scripted_model_on_an_open_port(name: str) -> None:
    test = evaluated(name)
    words = shlex.split(test["model"])
    options = dict(zip(words[2::2], words[3::2], strict=True))
    port = options["--port"]
    assert (words[1], options["--host"]) == ("scripted-model", "0.0.0.0")
    assert options["--script"] == "/etc/scripted-model.toml"
    assert test["script"] == (SCENARIOS / f"{name}.toml").read_text(encoding="utf-8")
    assert test["hostPorts"] == [int(port)]
    for agent, harness in test["harnesses"].items():
        needed = claude_environment(
            f"http://10.231.0.1:{port}/agents/{agent}", Path(harness["claude"]["home"])
        )
        # A container inherits no account and no proxy, and the harness sets the home.
        alike = {key: value for key, value in needed.items() if key.startswith(("ANTHROPIC", "CLAUDE_CODE"))}
        assert harness["claude"]["env"] == {key: value for key, value in alike.items() if value}


@pytest.mark.skipif(
    not (dashboard_dir() / "vendor").is_dir(), reason="the dashboard's modules are missing: run `make vendor`"
)
@pytest.mark.parametrize("name", [name for name in NAMES if name not in WALLS], scope="module")
def test_a_scenario_comes_true_in_a_hive_of_processes(name: str) -> None:
    test = evaluated(name)
    # Sockets need a short path.
    with (
        tempfile.TemporaryDirectory(prefix="vm-", dir="/tmp") as directory,
        LocalMachine(Path(directory), name, test) as machine,
    ):
        play(machine, name)
