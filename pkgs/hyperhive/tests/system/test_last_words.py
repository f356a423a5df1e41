import asyncio
import sys

import pytest

from hyperhive.system.last_words import LastWords


async def said(words: LastWords, program: str) -> str:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stderr=words.file)
    await process.wait()
    return words.line()


async def test_the_last_line_is_kept_and_everything_is_passed_on(capsys: pytest.CaptureFixture[str]) -> None:
    with LastWords() as words:
        assert words.line() == ""
        text = "import sys; sys.stderr.write('one\\n  no module named \\x1b[31mmcp  \\n\\n')"
        assert await said(words, text) == "no module named  [31mmcp"
    assert capsys.readouterr().err == "one\n  no module named \x1b[31mmcp  \n\n"


async def test_a_flood_neither_blocks_the_child_nor_grows(capsys: pytest.CaptureFixture[str]) -> None:
    with LastWords() as words:
        lines = "import sys; [sys.stderr.write('x' * 9999 + '\\n') for _ in range(100)]"
        line = await said(words, lines + "; sys.stderr.write('y' * 900)")
        assert line == "y" * 300
        assert len(words._tail) <= 4096
    assert len(capsys.readouterr().err) == 100 * 10_000 + 900
