"""What a command starts or writes besides itself: programs whose arguments hold another command.

An option that no table holds makes that uncertain, which is a refusal with the rule `wrapper`; so does a word
that decides which command runs and is known only when it does.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Final

from hyperhive.domain.bash.commands.arguments import (
    ALIASES,
    Inner,
    InnerCommand,
    InnerOutput,
    InnerScript,
    Trusts,
    is_embedded,
    names,
    program_name,
    static_text,
    uncertain,
)
from hyperhive.domain.bash.commands.runners import RUNNERS
from hyperhive.domain.bash.printing.printer import print_script
from hyperhive.domain.bash.reading.parser import parse
from hyperhive.domain.bash.reading.source import MAX_DEPTH
from hyperhive.domain.bash.script import (
    Embedded,
    RefusedError,
    Script,
    SimpleCommand,
    UnparsableError,
    Word,
    nodes,
    parts,
    rebuilt,
)
from hyperhive.domain.bash.variables.scope import Scope

__all__ = [
    "WRAPPERS",
    "Inner",
    "InnerCommand",
    "InnerOutput",
    "InnerScript",
    "embedded",
    "inner_commands",
    "without_activation",
]

_DEPTH_PER_WRAPPER: Final = 4
_MAX_SCRIPTS: Final = 300
# Nothing but an exact pattern lets these through: how they find their command is beyond a table.
_OPAQUE: Final = names(
    ". aa-exec abduco argv0 at batch bwrap capsh catchsegv cgexec choom chpst chronic chroot coresched "
    "cpulimit csh daemonize datefudge dbus-launch dbus-run-session dtach dumb-init eatmydata elvish "
    "entr env_parallel envdir envuidgid execlineb expect fakechroot fakeroot faketime fghack firejail "
    "fish gdb gdbserver gosu heaptrack i386 ifne ksh lckdo ld.so linux32 linux64 lksh lldb logsave "
    "ltrace minijail0 mispipe mksh newgrp nocache nsjail nu numactl oksh openvt osh parallel pee perf "
    "pgrphack pipesz pkexec posh prlimit proot proxychains proxychains4 pwsh rksh rlwrap rr run-parts "
    "runcon runuser schroot screen scriptlive sem setarch setlock setpriv setuidgid sg softlimit "
    "sotruss source ssh-agent start-stop-daemon su-exec supervise systemd-cat systemd-inhibit "
    "systemd-nspawn systemd-run tcsh timelimit tini tmux torify torsocks trace-cmd trickle tsocks "
    "uclampset uname26 unbuffer valgrind watchexec with-contenv x86_64 xe xonsh xvfb-run yash ysh zrun "
    "zsh"
)
_OPAQUE_FORM: Final = re.compile(r"ld-(linux|musl).*")


def inner_commands(words: Sequence[Word], scope: Scope) -> list[Inner]:
    """What a command, whose name is literal, starts or writes besides itself: nothing, for most programs.

    A script must have become an `Embedded` word before.
    """

    def trusts(word: Word) -> bool:
        return scope.trusted(word) or scope.harmless_number(word) or scope.is_path(word)

    inner = _inner(words, trusts)
    for found in inner:
        if isinstance(found, InnerScript):
            _check_embedded(words, found)
    return inner


def embedded(script: Script, opaque: Callable[[SimpleCommand], bool]) -> Script:
    """The script with the scripts that its commands run read, down to the innermost.

    A command stays as it is where that fails, for `inner_commands` to say why, and where `opaque` says that
    the operator wrote out the whole of it. A line that becomes too long by them is a `RefusedError`: quotes
    in quotes grow fast.
    """
    embedder = _Embedder(opaque)
    changed = embedder.script(script, posix=False, depth=0)
    if embedder.count > _MAX_SCRIPTS:
        raise RefusedError("too_long", f"it holds more than {_MAX_SCRIPTS} scripts in arguments")
    if embedder.count:
        print_script(changed)
    return changed


class _Embedder:
    """Of one line; `count` is how many scripts it found in arguments."""

    def __init__(self, opaque: Callable[[SimpleCommand], bool]) -> None:
        self.count = 0
        self._opaque = opaque

    def script(self, script: Script, *, posix: bool, depth: int) -> Script:
        @cache
        def below() -> int:
            return depth + _height(script)  # as if every command were as deep as the deepest

        def change(node: object) -> object:
            if not isinstance(node, SimpleCommand) or not node.words:
                return node
            words = list(node.words)
            try:
                for found in reversed(list(self._scripts(node, 0, 0))):
                    posix_too = posix if found.same_shell else found.posix
                    words[found.start : found.end] = [
                        self._word(words, found, posix=posix_too, depth=below())
                    ]
            except RefusedError:
                return node
            return node if words == list(node.words) else replace(node, words=tuple(words))

        return rebuilt(script, change)

    def _scripts(self, command: SimpleCommand, offset: int, depth: int) -> Iterator[InnerScript]:
        """Where in its words a command has scripts, also those that it runs through others."""
        if (
            depth > MAX_DEPTH
            or program_name(command.words[0].text or "") not in RUNNERS
            or self._opaque(command)
        ):
            return
        for found in _inner(command.words, _anything):
            if isinstance(found, InnerCommand):
                inner = SimpleCommand(found.assignments, found.words)
                yield from self._scripts(inner, offset + found.start, depth + _DEPTH_PER_WRAPPER)
            elif isinstance(found, InnerScript) and not is_embedded(command.words[found.start]):
                yield replace(found, start=offset + found.start, end=offset + found.end)

    def _word(self, words: Sequence[Word], found: InnerScript, *, posix: bool, depth: int) -> Word:
        self.count += 1
        if self.count > _MAX_SCRIPTS:
            raise RefusedError("too_long", "it holds too many scripts in arguments")
        depth += _DEPTH_PER_WRAPPER
        text = " ".join(static_text(word) for word in words[found.start : found.end])
        script = self.script(parse(text, posix=posix, depth=depth), posix=posix, depth=depth)
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
    kind: type = type(value)
    below = [_height(getattr(value, name)) for name in parts(kind) or ()]
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
        raise uncertain(name, "it reads commands from a file", without_activation(words))
    if name in _OPAQUE or _OPAQUE_FORM.fullmatch(name):
        raise uncertain(name, "only a pattern that is exactly the whole command allows it")
    if name not in RUNNERS or (len(words) == 2 and words[1].text in ("--help", "--version")):
        return []
    return RUNNERS[name](words, trusts)


def without_activation(words: Sequence[Word]) -> str | None:
    """What to write instead of `. bin/activate`."""
    if words[0].text not in (".", "source"):
        return None
    path = (words[1].text if len(words) > 1 else None) or ""
    programs = path.removesuffix("activate")
    if not path.endswith("bin/activate"):
        return None
    return f"the programs of that environment by their path, such as `{programs}python` or `{programs}pytest`"


#: Names that no function of a line may take.
WRAPPERS: Final = _OPAQUE | RUNNERS.keys() | ALIASES.keys()
