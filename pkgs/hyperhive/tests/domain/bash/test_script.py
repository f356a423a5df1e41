from typing import Any

from hyperhive.domain.bash.reading.parser import parse
from hyperhive.domain.bash.script import (
    Embedded,
    Group,
    Literal,
    Parameter,
    Script,
    SimpleCommand,
    Word,
    literal_word,
    nodes,
    rebuilt,
)
from tests.domain.bash.parsing import run, script


def names(value: object) -> list[str]:
    return [one.words[0].text for one in nodes(value) if isinstance(one, SimpleCommand)]


def embedded(*, same_shell: bool) -> Script:
    inner = Embedded(script(run("b")), posix=False, same_shell=same_shell)
    return script(SimpleCommand((), (literal_word("eval"), Word((inner,)))))


def test_nodes_come_in_the_order_in_which_the_shell_meets_them() -> None:
    line = 'f () { a; }; if b "$(c)"; then d; else e; fi | g; case $(h) in i) j;; esac'
    line += "; [[ $(k) ]] && for x in $(l); do m; done"
    assert names(parse(line)) == list("abcdeghjklm")
    assert next(nodes(parse(line))) == parse(line)


def test_nodes_are_found_in_every_part_of_a_word() -> None:
    line = "a {b$x,$((y + $z))} ${v:-$w} ${u//$t/$s} <(b $r) p=$q >$o"
    assert {one.name for one in nodes(parse(line)) if isinstance(one, Parameter)} == set("xzvwutsrqo")


def test_scripts_for_other_shells_are_left_out() -> None:
    assert names(embedded(same_shell=False)) == ["eval"]
    assert names(embedded(same_shell=True)) == ["eval", "b"]


def test_a_deep_tree_is_walked_over() -> None:
    tree = script(run("a"))
    for _ in range(2000):
        tree = script(Group(tree))
    assert names(tree) == ["a"]


def test_what_does_not_change_stays_the_same_object() -> None:
    tree = parse("a $(b) && { c; } > d")
    assert rebuilt(tree, lambda one: one) is tree


def test_changes_are_made_from_the_inside_out() -> None:
    met: list[Any] = []

    def shout(one: Any) -> Any:
        met.append(one)
        return Literal(one.text.upper()) if isinstance(one, Literal) else one

    assert rebuilt(parse("a $(b c) | if d; then e > f; fi"), shout) == parse(
        "A $(B C) | if D; then E > F; fi"
    )
    assert [type(one).__name__ for one in met[:4]] == ["Literal", "Word", "Literal", "Word"]
    assert isinstance(met[-1], Script)


def test_scripts_for_other_shells_are_left_as_they_are() -> None:
    def renamed(tree: Script) -> Script:
        return rebuilt(tree, lambda one: Literal("c") if one == Literal("b") else one)

    assert renamed(embedded(same_shell=False)) == embedded(same_shell=False)
    assert names(renamed(embedded(same_shell=True))) == ["eval", "c"]
