import gc
import os
import subprocess
import sys
import time

import pytest

from hyperhive.cli.command import TABLE
from hyperhive.cli.parser import COMMANDS
from tests.cli.conftest import Run


def test_help_lists_every_command_and_exit_code(run: Run) -> None:
    result = run("--help")
    assert result.code == 0
    assert [name for name in COMMANDS if f"    {name} " not in result.out.replace("\n", " ")] == []
    assert TABLE in result.out


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_has_examples_json_and_exit_codes(run: Run, command: str) -> None:
    result = run(command, "--help")
    assert (result.code, result.err) == (0, "")
    assert f"usage: hyperhive {command} " in result.out
    assert "examples:\n" in result.out
    assert "--json" in result.out
    assert TABLE in result.out


@pytest.mark.parametrize(
    "arguments", [[], ["nonsense"], ["send", "ada"], ["status", "--js"], ["answer", "x", "y"]]
)
def test_wrong_usage_is_exit_code_2_with_one_line_of_reason(run: Run, arguments: list[str]) -> None:
    result = run(*arguments)
    assert (result.code, result.out) == (2, "")
    assert "error: " in result.err.splitlines()[-1]


@pytest.mark.parametrize("arguments", [["--version"], ["nonsense"], ["schema", "--help"]])
def test_garbage_is_collected_again_whatever_became_of_the_options(run: Run, arguments: list[str]) -> None:
    run(*arguments)
    assert gc.isenabled()


def test_the_version_is_the_packages(run: Run) -> None:
    assert run("--version").out == "hyperhive 0.1.0\n"


def test_help_loads_no_package_but_our_own() -> None:
    script = (
        "import sys\nfrom hyperhive.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'aiohttp', 'claude_agent_sdk', 'mcp', 'pydantic'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.stderr == "\n"


def test_help_is_quick() -> None:
    times = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "hyperhive", "--help"], stdout=subprocess.DEVNULL, timeout=30, check=True
        )
        times.append(time.perf_counter() - began)
    # The best of five: a busy machine is no reason to fail.
    assert min(times) < 0.15 or os.getloadavg()[0] > 2 * (os.cpu_count() or 1)
