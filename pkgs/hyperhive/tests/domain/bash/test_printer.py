import os
import re
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from hyperhive.domain.bash.parser import parse
from hyperhive.domain.bash.printer import print_script
from hyperhive.domain.bash.script import RefusedError, Script
from tests.domain.bash.trees import Trees

#: Another number by hand, of other trees each time; CI takes the same ones.
BY_HAND = int(os.environ.get("HYPERHIVE_TREES", "0"))
TREES = Trees()
SH_TREES = Trees(posix=True)
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")


def examples(number: int) -> Callable[[Any], Any]:
    return settings(
        max_examples=BY_HAND or number,
        derandomize=not BY_HAND,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )


def complaints(shell: tuple[str, ...], text: str) -> str:
    """What a shell says of the syntax of a text."""
    return subprocess.run(
        [*shell, "-n"], input=text.encode(), capture_output=True, check=False
    ).stderr.decode()


@examples(100)
@given(TREES.scripts(1) | TREES.scripts(2))
def test_what_is_printed_reads_as_the_same_tree(script: Script) -> None:
    text = print_script(script)
    assert parse(text) == script
    assert complaints(("bash",), text) == ""


@examples(100)
@given(SH_TREES.scripts(1))
def test_what_is_printed_for_other_shells_reads_as_the_same_tree(script: Script) -> None:
    text = print_script(script, posix=True)
    assert parse(text, posix=True) == script
    assert [complaints(shell, text) for shell in (("dash",), ("bash", "--posix"))] == ["", ""]


@pytest.mark.parametrize(
    "line",
    [
        "a > nul",
        "a >nul; b",
        "a &> NUL",
        "a >> Nul | b",
        "a '> nul'",
        "a $'>\\u00a0nul\\n'",
        'a "b >nul;"',
        "a {'> nul',nul}",
        'a "$(b > nul)"',
        "cat <<EOF\n> nul\nEOF",
        "cat <<EOF\n>\nnul\n$x\nEOF",
        "[[ a > nul ]]",
        "x='> nul'",
        "a ${x:->'nul '}",
        'a "${x:->nul }"',
        "((a > nul))",
        "(( a >nul ))",
        "a $'> nul\\a'",
    ],
)
def test_claude_code_finds_no_nul_to_edit(line: str) -> None:
    try:
        text = print_script(parse(line))
    except RefusedError:
        return
    assert parse(text) == parse(line)
    # As the CLI has it.
    assert re.search(r"(\d?&?>+[\s\ufeff]*)[Nn][Uu][Ll](?=[\s\ufeff]|$|[|&;)\n])", text) is None
