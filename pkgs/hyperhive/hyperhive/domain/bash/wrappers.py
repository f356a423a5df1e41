"""What a command starts or writes besides itself: programs whose arguments hold another command.

An option that no table holds makes that uncertain, which is a refusal with the rule `wrapper`; so does a word
that decides which command runs and is known only when it does.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Final

from hyperhive.domain.bash.arguments import (
    Inner,
    InnerCommand,
    InnerOutput,
    InnerScript,
    Trusts,
    is_embedded,
    program_name,
    static_text,
    uncertain,
)
from hyperhive.domain.bash.parser import parse
from hyperhive.domain.bash.printer import print_script
from hyperhive.domain.bash.runners import RUNNERS
from hyperhive.domain.bash.scope import Scope
from hyperhive.domain.bash.script import (
    Embedded,
    RefusedError,
    Script,
    SimpleCommand,
    UnparsableError,
    Word,
    nodes,
    rebuilt,
)
from hyperhive.domain.bash.source import MAX_DEPTH

__all__ = ["WRAPPERS", "Inner", "InnerCommand", "InnerOutput", "InnerScript", "embedded", "inner_commands"]

_DEPTH_PER_WRAPPER: Final = 4
# Nothing but an exact pattern lets these through: how they find their command is beyond a table.
_OPAQUE: Final = frozenset(
    {".", "abduco", "at", "batch", "bwrap", "capsh", "cgexec", "chpst", "chronic", "csh", "dbus-run-session"}
    | {"dtach", "dumb-init", "eatmydata", "elvish", "entr", "envdir", "expect", "fakechroot", "fakeroot"}
    | {"faketime", "firejail", "fish", "gdb", "gosu", "ifne", "ksh", "linux32", "linux64", "lldb", "ltrace"}
    | {"mksh", "nu", "numactl", "osh", "parallel", "pee", "perf", "pkexec", "posh", "prlimit", "proot"}
    | {"proxychains", "proxychains4", "pwsh", "rlwrap", "run-parts", "runcon", "runuser", "screen", "sem"}
    | {"setarch", "setpriv", "setuidgid", "sg", "softlimit", "source", "ssh-agent", "start-stop-daemon"}
    | {"su-exec", "systemd-run", "tcsh", "tini", "tmux", "torsocks", "trickle", "tsocks", "unbuffer"}
    | {"valgrind", "watchexec", "xvfb-run", "yash", "zsh"}
)


def inner_commands(words: Sequence[Word], scope: Scope) -> list[Inner]:
    """What a command, whose name is literal, starts or writes besides itself: nothing, for most programs.

    A script must have become an `Embedded` word before.
    """
    inner = _inner(words, lambda word: scope.trusted(word) or scope.harmless_number(word))
    for found in inner:
        if isinstance(found, InnerScript):
            _check_embedded(words, found)
    return inner


def embedded(script: Script, opaque: Callable[[SimpleCommand], bool]) -> Script:
    """The script with the scripts that its commands run read, down to the innermost.

    A command stays as it is where that fails, for `inner_commands` to say why, and where `opaque` says that
    the operator wrote out the whole of it. Quotes in quotes grow fast: a line that becomes too long by them
    is a `RefusedError`.
    """
    changed = _embedded(script, opaque, posix=False, depth=0)
    if changed is not script:
        print_script(changed)
    return changed


def _embedded(script: Script, opaque: Callable[[SimpleCommand], bool], *, posix: bool, depth: int) -> Script:
    return rebuilt(script, _Embedder(opaque, posix=posix, depth=depth + _height(script)).change)


class _Embedder:
    def __init__(self, opaque: Callable[[SimpleCommand], bool], *, posix: bool, depth: int) -> None:
        self._opaque = opaque
        self._posix = posix
        self._depth = depth

    def change(self, node: object) -> object:
        if not isinstance(node, SimpleCommand) or not node.words:
            return node
        try:
            edits = list(self._edits(node, 0, self._depth))
        except RefusedError:
            return node
        words = list(node.words)
        for start, end, word in reversed(edits):
            words[start:end] = [word]
        return replace(node, words=tuple(words)) if edits else node

    def _edits(self, command: SimpleCommand, offset: int, depth: int) -> Iterator[tuple[int, int, Word]]:
        """The script words of a command, and what they become."""
        if command.words[0].text is None or self._opaque(command) or depth > MAX_DEPTH:
            return
        depth += _DEPTH_PER_WRAPPER
        for found in _inner(command.words, _anything):
            if isinstance(found, InnerCommand):
                inner = SimpleCommand(found.assignments, found.words)
                yield from self._edits(inner, offset + found.start, depth)
            elif isinstance(found, InnerScript) and not is_embedded(command.words[found.start]):
                word = self._read(command.words, found, depth)
                yield offset + found.start, offset + found.end, word

    def _read(self, words: Sequence[Word], found: InnerScript, depth: int) -> Word:
        text = " ".join(static_text(word) for word in words[found.start : found.end])
        posix = self._posix if found.same_shell else found.posix
        script = _embedded(parse(text, posix=posix, depth=depth), self._opaque, posix=posix, depth=depth)
        first = next((node for node in nodes(script) if isinstance(node, SimpleCommand)), None)
        if first and first.words and first.words[0].prefix[:1] in ("-", "+"):
            raise uncertain(words[0].text or "", "its script begins like an option")
        return Word((Embedded(script, posix, found.same_shell),))


def _anything(_word: Word) -> bool:
    return True


def _height(value: object) -> int:
    """How deep scripts are nested in it."""
    if isinstance(value, tuple):
        return max(map(_height, value), default=0)
    if not is_dataclass(value):
        return 0
    below = (_height(getattr(value, field.name)) for field in fields(value))
    return isinstance(value, Script) + max(below, default=0)


def _check_embedded(words: Sequence[Word], found: InnerScript) -> None:
    """Say why a script could not be read."""
    if found.end == found.start + 1 and is_embedded(words[found.start]):
        return
    parse(" ".join(static_text(word) for word in words[found.start : found.end]), posix=found.posix)
    raise UnparsableError("a script within this line cannot be read with certainty")


def _inner(words: Sequence[Word], trusts: Trusts) -> list[Inner]:
    name = program_name(words[0].text or "")
    if name in (".", "source"):
        raise uncertain(name, "it reads commands from a file", _without_activation(words))
    if name in _OPAQUE:
        raise uncertain(name, "only a pattern that is exactly the whole command allows it")
    if name not in RUNNERS or (len(words) == 2 and words[1].text in ("--help", "--version")):
        return []
    return RUNNERS[name](words, trusts)


def _without_activation(words: Sequence[Word]) -> str | None:
    path = (words[1].text if len(words) > 1 else None) or ""
    programs = path.removesuffix("activate")
    if not path.endswith("bin/activate"):
        return None
    return f"the programs of that environment by their path, such as `{programs}python` or `{programs}pytest`"


#: Names that no function of a line may take.
WRAPPERS: Final = _OPAQUE | RUNNERS.keys()
