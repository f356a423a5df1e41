"""What a command, or a whole script, is by its form alone."""

import re
from typing import Final

from hyperhive.domain.bash.patterns import exported_assignment
from hyperhive.domain.bash.script import (
    Embedded,
    Function,
    Pipeline,
    RefusedError,
    Script,
    SimpleCommand,
    Statement,
    Word,
    literal_word,
    nodes,
)

Words = tuple[Word, ...]

_MAX_NODES: Final = 6000
_NAME: Final = re.compile(r"[^\s\0-\x1f\x7f]+")
_ASSIGNED: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\[.*\])?\+?=", re.DOTALL)


def check_size(script: Script) -> None:
    """Refuse what takes long to judge; nobody writes such a line by hand."""
    size, pending = 0, [script]
    while pending:
        for node in nodes(pending.pop()):
            size += 1
            if isinstance(node, Embedded) and not node.same_shell:
                pending.append(node.script)
            if size > _MAX_NODES:
                reason = f"the command line has more than {_MAX_NODES} parts"
                raise RefusedError("too_long", reason, "several lines, or a script in a file")


def check_name(word: Word) -> None:
    name = word.text
    if name is None or not _NAME.fullmatch(name):
        reason = "the name of the program is not written out plainly"
        raise RefusedError(
            "dynamic_command", reason, "the name itself, or a `case` with one command for each"
        )
    if _ASSIGNED.match(name):
        raise RefusedError("assignment", "it has the name of an assignment")


def export_refused(words: Words) -> RefusedError:
    named = [exported_assignment(word) for word in words[1:]]
    if named and all(named):
        name = next(one.name for one in named if one)
        reason = f"it sets `{name}` for every program behind it and needs the pattern `export {name}=*`"
        return RefusedError("assignment", reason, f"`{name}=… COMMAND` where a pattern allows that")
    reason = "only `export NAME=VALUE` and `export -n NAME` are understood"
    return RefusedError("builtin", reason, "`NAME=VALUE` for a variable of the line itself")


def unexports(command: SimpleCommand) -> bool:
    """Whether it is what keeps variables of a line from its programs."""
    texts = [word.text for word in command.words]
    return texts[:2] == ["export", "-n"] and None not in texts and not command.assignments


def times(node: object) -> bool:
    return isinstance(node, SimpleCommand) and node.words[:1] == (literal_word("time"),)


def copies(command: SimpleCommand) -> bool:
    """Whether it is a `cat` that only copies a text of the line."""
    inputs = [one for one in command.redirections if one.operator in ("<", "<&", "<<", "<<<")]
    return (
        [word.text for word in command.words] == ["cat"]
        and not command.assignments
        and bool(inputs)
        and all(one.descriptor in (None, 0) for one in inputs)
        and all(one.operator in ("<<", "<<<") or one.target.text == "/dev/null" for one in inputs)
    )


def defined(statement: Statement) -> frozenset[str]:
    """The function that is defined for certain once a statement has run."""
    match statement:
        case Statement(Pipeline((Function(name),)), (), background=False):
            return frozenset({name})
        case _:
            return frozenset()


def goes_to(script: Script, directory: str | None) -> bool:
    """Whether nothing of it runs unless a `cd` to the state directory went well."""
    match script.statements:
        case (Statement(Pipeline((SimpleCommand(_, _, ()) as guard,)), (), background=False), *others) if (
            others and unexports(guard)
        ):
            return goes_to(Script(tuple(others)), directory)
        case (Statement(Pipeline((SimpleCommand((), words, ()),), negated=False), rest, background=False),):
            went = [word.text for word in words] == ["cd", directory]
            return went and all(operator == "&&" for operator, _ in rest)
        case _:
            return False
