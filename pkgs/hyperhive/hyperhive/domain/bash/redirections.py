"""Files that a line reads and writes, and the connections that Bash opens for names below `/dev/tcp/`.

Bash compares the name with `/dev/tcp/` as text once it is expanded. A name that begins with an expansion is
therefore printed so that `/dev/` in front becomes `/./dev/`, which is the same file and never a connection.
"""

import posixpath
import re
from dataclasses import replace
from typing import Final

from hyperhive.domain.bash.printing.printer import shown
from hyperhive.domain.bash.script import (
    Literal,
    Parameter,
    Pattern,
    Piece,
    ProcessSubstitution,
    Redirection,
    RefusedError,
    Tilde,
    Word,
    literal_word,
)

READING: Final = frozenset({"<"})
WRITING: Final = frozenset({">", ">>", ">|", "<>", "&>", "&>>"})
_FREE_OUTPUTS: Final = frozenset({"/dev/null", "/dev/stdout", "/dev/stderr"})
_NETWORK: Final = ("/dev/tcp/", "/dev/udp/")
_DESCRIPTOR: Final = re.compile("[0-9]+-?|-")
_PLAIN: Final = re.compile("[A-Za-z_][A-Za-z0-9_]*|[0-9]+")
_DEVICES: Final = "/dev/"
_HARMLESS: Final = (literal_word(_DEVICES), literal_word("/./dev/"))
# What the expansion in front can leave of `/dev/tcp/` for the text behind it.
_BEGINNINGS: Final = ("", "/", "/d", "/de", "/dev")


def kept_from_network(redirection: Redirection) -> Redirection:
    """The same redirection with its file named so that the name cannot be one of a connection."""
    target = redirection.target
    first = target.pieces[0]
    if redirection.operator not in READING | WRITING or not isinstance(first, Parameter):
        return redirection
    if first.operator or first.subscript or _PLAIN.fullmatch(first.name) is None:
        return redirection
    argument, replacement = _HARMLESS
    kept = replace(first, quoted=True, operator="/#", argument=argument, replacement=replacement)
    rest = target.pieces[1:]
    if _may_follow(rest):
        return replace(redirection, target=Word((kept, *rest)))
    if isinstance(rest[0], Literal) and rest[0].text.startswith("/"):
        rest = (Literal(f"/.{rest[0].text}"), *rest[1:])
        if _may_follow(rest):
            return replace(redirection, target=Word((kept, *rest)))
    return redirection


def writes(redirection: Redirection) -> bool:
    """Whether it writes a file, and no descriptor."""
    if redirection.operator == ">&":
        text = redirection.target.text
        return text is None or _DESCRIPTOR.fullmatch(text) is None
    return redirection.operator in WRITING


def is_free(target: Word) -> bool:
    """Whether writing there needs no pattern."""
    return target.text in _FREE_OUTPUTS or _is_process(target)


def check_redirection(redirection: Redirection, *, trusted: bool) -> None:
    """Refuse a network connection, and what could become one; `trusted`, the name is the operator's."""
    target, operator, text = redirection.target, redirection.operator, shown(redirection.target)
    if operator in ("<<", "<<<"):
        return
    if operator in ("<&", ">&"):
        if target.text is None:
            raise _refused(f"`{text}` behind `{operator}` is no plain number", "the number of the descriptor")
        if operator == "<&" and _DESCRIPTOR.fullmatch(target.text) is None:
            raise _refused(f"`<& {text}` is no descriptor", f"`< {text}`")
    if target.text is not None:
        if posixpath.normpath(re.sub("^/+", "/", target.text)).startswith(_NETWORK):
            raise _refused(f"`{text}` opens a network connection")
    elif not (trusted or _is_process(target) or _is_kept(target)):
        raise _refused(
            f"`{operator} {text}` could be a network connection",
            'the file by a name that begins with plain text or a variable, as in `f=…` and `< "$f"`',
        )


def _refused(reason: str, instead: str | None = None) -> RefusedError:
    return RefusedError("redirection", reason, instead)


def _is_process(target: Word) -> bool:
    return len(target.pieces) == 1 and isinstance(target.pieces[0], ProcessSubstitution)


def _is_kept(target: Word) -> bool:
    first, *rest = target.pieces
    if isinstance(first, Tilde):
        # `~+` and `~-` are where the line went, and users like `sys` are at home in `/dev`.
        return not first.user or _may_follow(tuple(rest))
    if isinstance(first, Parameter) and first.operator == "/#":
        return (first.argument, first.replacement) == _HARMLESS and _may_follow(tuple(rest))
    return not _may_connect("", target.pieces)


def _may_follow(rest: tuple[Piece, ...]) -> bool:
    return not any(_may_connect(beginning, rest) for beginning in _BEGINNINGS)


def _may_connect(beginning: str, pieces: tuple[Piece, ...]) -> bool:
    """Whether pieces behind a text can make the name of a connection of it."""
    text = beginning
    whole = True
    for piece in pieces:
        if not isinstance(piece, Literal | Pattern):
            whole = False
            break
        text += piece.text
    return text.startswith(_NETWORK) or (not whole and any(name.startswith(text) for name in _NETWORK))
