import os
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from hyperhive.domain.bash.printing.printer import print_script
from hyperhive.domain.bash.reading.parser import parse
from hyperhive.domain.bash.script import Literal, RefusedError, Script, Word, nodes, rebuilt
from tests.domain.bash import runnable
from tests.domain.bash.expanding import UndefinedError
from tests.domain.bash.parsing import run, script
from tests.domain.bash.shells import shells
from tests.domain.bash.trees import NASTY, Trees

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


@pytest.mark.parametrize("bash", shells())
@examples(80)
@given(tree=runnable.Runnable().scripts(1))
def test_what_is_printed_does_what_the_tree_means(bash: str, tree: Script) -> None:
    try:
        meant = runnable.meant(tree)
    except UndefinedError:
        assume(condition=False)
    with tempfile.TemporaryDirectory() as directory:
        text = print_script(tree)
        assert runnable.play(str(shells()[bash]), Path(directory) / "place", text) == meant, text


@examples(40)
@given(st.lists(SH_TREES.texts, min_size=1, max_size=30))
def test_every_text_arrives_as_it_is_in_every_shell(texts: list[str]) -> None:
    text = print_script(script(run("printf", r"%s\0", *texts)), posix=True)
    for shell in (*({"bash": path} for path in shells().values()), {"dash": "dash"}):
        (program,) = shell.values()
        done = subprocess.run([str(program), "-c", text], capture_output=True, check=True)
        assert done.stdout.decode() == "".join(f"{argument}\0" for argument in texts)


# Trees that no parser makes.


OTHER = [
    *NASTY, "", "x", "y]", "1;a", "a b", "0$(a)", "x}", "$(a)", "a[$(b)]", "@", "@P", "++", "10#", "<<",
    "<<-", "&>", "${a}", "a\n", "1\n", "-f\n", "==\n", ":-\n", ";;\n", "root\n", "root/$(a)", "<", "&&\n",
]  # fmt: skip


def changes(tree: Script) -> list[tuple[Any, str]]:
    """Nodes and the fields of them that hold a text, a flag or tokens."""
    return [
        (node, field.name)
        for node in nodes(tree)
        if not isinstance(node, Literal | Word)
        for field in fields(node)
        if isinstance(getattr(node, field.name), str | bool) or field.name == "tokens"
    ]


@examples(150)
@given(TREES.scripts(1), st.data())
def test_a_broken_tree_is_printed_as_itself_or_refused(tree: Script, data: st.DataObject) -> None:
    found = changes(tree)
    assume(found)
    node, name = data.draw(st.sampled_from(found))
    old, other = getattr(node, name), data.draw(st.sampled_from(OTHER))
    if name == "tokens":
        place = data.draw(st.integers(0, len(old)))
        other = (*old[:place], other, *old[place + 1 :])
    changed = replace(node, **{name: not old if isinstance(old, bool) else other})
    broken = rebuilt(tree, lambda one: changed if one == node else one)
    try:
        text = print_script(broken)
        assert parse(text) == broken, text
    except RefusedError:
        pass
