"""What a list of patterns permits, said again without our parser: by what started, and with which words."""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from tests.domain.bash.shells import SHELLS, WRAPPERS, Call, Outcome

_ASSIGNMENT: Final = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_NAME: Final = re.compile(r"[A-Za-z_]\w*")
_NOT_FOUND: Final = re.compile(
    r"(?:line \d+: ([^\s/:]+): command|: \d+: ([^\s/:]+):) not found$", re.MULTILINE
)
_STARTING: Final = frozenset({*SHELLS, *WRAPPERS})
_MOVES: Final = frozenset({"cd", "pushd", "env", "find"})
#: Set by wrappers for what they start.
_OF_WRAPPERS: Final = frozenset({"LD_PRELOAD", "_STDBUF_O", "_STDBUF_E", "_STDBUF_I"})


@dataclass(frozen=True)
class Permission:
    """A pattern `NAME=value program word *`, or `scripts/*`."""

    variables: tuple[tuple[str, str], ...]
    words: tuple[str, ...]
    #: More words may follow.
    open: bool

    @classmethod
    def of(cls, pattern: str) -> "Permission":
        words = shlex.split(pattern)
        variables = []
        while found := _ASSIGNMENT.fullmatch(words[0]):
            variables.append((found[1], found[2]))
            words.pop(0)
        last = words[-1] == "*"
        return cls(tuple(variables), tuple(words[:-1] if last else words), last)

    def covers(self, call: Call) -> bool:
        program = self.words[0]
        if program.startswith(("./", "scripts/")) and call.directory != "work":
            return False
        if program.endswith("*"):
            return call.argv[0].startswith(program[:-1]) and ".." not in call.argv[0].split("/")
        return (call.argv[: len(self.words)] if self.open else call.argv) == self.words


@dataclass(frozen=True)
class Permissions:
    """A whole list."""

    commands: tuple[Permission, ...]
    outputs: tuple[str, ...]
    #: For every program: by `export`, or because what a wrapper starts gets the wrapper's.
    exported: frozenset[str]

    @classmethod
    @lru_cache(maxsize=64)
    def of(cls, patterns: tuple[str, ...]) -> "Permissions":
        outputs = tuple(pattern[1:].strip() for pattern in patterns if pattern.startswith(">"))
        commands = tuple(Permission.of(pattern) for pattern in patterns if not pattern.startswith(">"))
        exports = (word for found in commands if found.words[0] == "export" for word in found.words[1:])
        wrapped = (name for found in commands if found.words[0] in _STARTING for name, _ in found.variables)
        return cls(commands, outputs, frozenset((*(word.partition("=")[0] for word in exports), *wrapped)))

    @property
    def move(self) -> bool:
        return any(permission.words[0] in _MOVES for permission in self.commands)

    def variables(self, call: Call) -> frozenset[str]:
        """What may be set for a program."""
        named = {
            name
            for permission in self.commands
            if permission.covers(call)
            for name, _ in permission.variables
        }
        return self.exported | named | _OF_WRAPPERS

    def output(self, name: str) -> bool:
        """Whether a file, relative to the scratch directory, may be written."""
        return any(
            path == "*"
            or (name.startswith(f"work/{path[:-1]}") if path.endswith("*") else name == f"work/{path}")
            for path in self.outputs
        )


def uncovered(outcome: Outcome, patterns: Sequence[str]) -> list[str]:
    """Everything that happened and that no pattern speaks of."""
    permissions = Permissions.of(tuple(patterns))
    found = [problem for call in outcome.calls for problem in _of_call(call, permissions)]
    programs = {permission.words[0] for permission in permissions.commands}
    sought = [one or other for one, other in _NOT_FOUND.findall(outcome.errors)]
    found += [f"looked for {name}" for name in sought if name not in programs]
    found += [f"wrote {name}" for name in outcome.changed if not permissions.output(name)]
    if outcome.effects:
        found.append(f"left {outcome.effects!r}")
    return list(dict.fromkeys(found))


def _of_call(call: Call, permissions: Permissions) -> Iterator[str]:
    # A lone `cat` only copies its here-document.
    if call.argv != ("cat",) and not any(permission.covers(call) for permission in permissions.commands):
        yield f"ran {shlex.join(call.argv)} in {call.directory}"
    if call.directory != "work" and not permissions.move:
        yield f"ran {call.argv[0]} in {call.directory}"
    allowed = permissions.variables(call)
    for line in call.environment:
        name, equals, _ = line.partition("=")
        # Else it is the rest of a value of several lines.
        if equals and _NAME.fullmatch(name) and name not in allowed:
            yield f"ran {call.argv[0]} with {line}"
