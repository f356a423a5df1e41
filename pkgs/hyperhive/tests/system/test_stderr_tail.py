import asyncio
import sys

import pytest

from hyperhive.system.stderr_tail import StderrTail


async def said(tail: StderrTail, program: str) -> str:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stderr=tail.file)
    await process.wait()
    return tail.line()


async def test_the_last_line_is_kept_and_everything_is_passed_on(capsys: pytest.CaptureFixture[str]) -> None:
    with StderrTail() as tail:
        assert tail.line() == ""
        text = "import sys; sys.stderr.write('one\\n  no module named \\x1b[31mmcp  \\n\\n')"
        assert await said(tail, text) == "no module named  [31mmcp"
    assert capsys.readouterr().err == "one\n  no module named \x1b[31mmcp  \n\n"


async def test_a_flood_neither_blocks_the_child_nor_grows(capsys: pytest.CaptureFixture[str]) -> None:
    with StderrTail() as tail:
        lines = "import sys; [sys.stderr.write('x' * 9999 + '\\n') for _ in range(100)]"
        line = await said(tail, lines + "; sys.stderr.write('y' * 900)")
        assert line == "y" * 300
        assert len(tail._tail) <= 4096
    assert len(capsys.readouterr().err) == 100 * 10_000 + 900
