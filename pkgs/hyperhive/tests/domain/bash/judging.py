"""What the checks of built-ins and of evaluation say about a whole script, without any patterns."""

from collections.abc import Collection

from hyperhive.domain.bash.commands.builtins import check_builtin
from hyperhive.domain.bash.commands.wrappers import embedded
from hyperhive.domain.bash.reading.parser import parse
from hyperhive.domain.bash.script import RefusedError, SimpleCommand, nodes
from hyperhive.domain.bash.variables.evaluation import check_assignment, check_node
from hyperhive.domain.bash.variables.scope import Scope


def scope_of(
    text: str, *, inherited: Collection[str] = (), uncertain: bool = False, directory: str | None = None
) -> Scope:
    script = embedded(parse(text), lambda _: False)
    return Scope.of(script, inherited=inherited, uncertain=uncertain, directory=directory)


def check(text: str, *, posix: bool = False) -> None:
    script = embedded(parse(text, posix=posix), lambda _: False)
    scope = Scope.of(script, posix=posix)
    for node in nodes(script):
        match node:
            case SimpleCommand(assignments, words):
                for assignment in assignments if not words else ():
                    check_assignment(assignment, scope)
                if words:
                    check_builtin(words, scope)
            case _:
                check_node(node, scope)


def refusal(text: str, *, posix: bool = False) -> str | None:
    """The rule that refuses a script."""
    try:
        check(text, posix=posix)
    except RefusedError as refused:
        return refused.rule
    return None
