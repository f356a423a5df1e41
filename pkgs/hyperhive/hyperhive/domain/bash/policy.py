"""The decision about a line: every command against the list, every redirection, every wrapper's inside."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hyperhive.domain.bash.builtins import HARMLESS, check_builtin
from hyperhive.domain.bash.parser import MAX_DEPTH, parse_script
from hyperhive.domain.bash.patterns import Pattern, PatternList, compile_pattern, compile_patterns, listed
from hyperhive.domain.bash.script import (
    Part,
    Redirection,
    Refusal,
    RefusedError,
    SimpleCommand,
    UnparsableError,
    Word,
)
from hyperhive.domain.bash.wrappers import Inner, InnerCommand, inner_commands

_RESERVED: Final = frozenset(
    {"!", "[[", "]]", "{", "}", "case", "coproc", "do", "done", "elif", "else", "esac"}
    | {"fi", "for", "function", "if", "in", "select", "then", "until", "while"}
)
_NAME: Final = re.compile(r"[^\s\0-\x1f\x7f]+")
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\[.*\])?\+?=", re.DOTALL)
_OUTPUTS: Final = frozenset({">", ">>", ">|", "&>", "&>>", ">&"})
_FREE_OUTPUTS: Final = frozenset({"/dev/null", "/dev/stdout", "/dev/stderr"})
_NETWORK: Final = ("/dev/tcp/", "/dev/udp/")
_SHOWN: Final = 200
_DEPTH_PER_WRAPPER: Final = 4


@dataclass(frozen=True)
class JudgedCommand:
    #: The command with its quotes normalised, shortened for display.
    text: str
    allowed: bool
    #: The pattern that matched, also when something else refuses the command.
    pattern: str | None
    #: One sentence.
    reason: str


@dataclass(frozen=True)
class Verdict:
    allowed: bool
    #: The stable key of the rule that decided: `any_command`, `no_bash`, `pattern`, `no_pattern`,
    #: `dynamic_command`, `assignment`, `redirection`, `wrapper`, `builtin`, `condition`, `function`,
    #: `arithmetic`, `expansion`, `unparsable`, `too_long` or `too_deep`.
    rule: str
    #: One sentence for the model and the operator.
    reason: str
    #: The simple commands found up to the decision, those inside wrappers after them.
    commands: tuple[JudgedCommand, ...] = ()


def judge(command: str, patterns: Sequence[str] | None) -> Verdict:
    """Decide whether a command line may run. Pure, safe to call from several threads; it does not raise.

    `patterns` is the agent's allow-list: None for any command, empty for no Bash at all.
    """
    if patterns is None:
        return Verdict(True, "any_command", "This agent may run any command.", _listed_commands(command))
    if not patterns:
        return Verdict(False, "no_bash", "This agent may not use Bash at all.")
    evaluator = _Evaluator(compile_patterns(tuple(patterns)), tuple(patterns))
    try:
        evaluator.script(command, posix=False, depth=0)
    except RefusedError as refusal:
        evaluator.refuse(refusal.rule, f"The command line is refused because {refusal.reason}.")
    if evaluator.refusal is not None:
        rule, reason = evaluator.refusal
        return Verdict(False, rule, reason, tuple(evaluator.commands))
    used = dict.fromkeys(judged.pattern for judged in evaluator.commands if judged.pattern is not None)
    covered = f"Every command is covered by {listed(used)}."
    reason = covered if used else "Nothing in this line needs a pattern."
    return Verdict(True, "pattern", reason, tuple(evaluator.commands))


def validate_pattern(pattern: str) -> str:
    """The pattern itself; a `ValueError` says why it cannot be in an allow-list."""
    compile_pattern(pattern)
    return pattern


def _listed_commands(command: str) -> tuple[JudgedCommand, ...]:
    try:
        parts = parse_script(command)
    except RefusedError:
        return ()
    commands = [part for part in parts if isinstance(part, SimpleCommand)]
    return tuple(
        JudgedCommand(_shown(part.words), True, None, "Any command is allowed.") for part in commands
    )


class _Evaluator:
    def __init__(self, patterns: PatternList, sources: Sequence[str]) -> None:
        self.commands: list[JudgedCommand] = []
        self.refusal: tuple[str, str] | None = None
        self._patterns = patterns
        self._sources = sources

    def refuse(self, rule: str, reason: str) -> None:
        """Keep the first reason only: it is the one that the model can act on."""
        if self.refusal is None:
            self.refusal = (rule, reason)

    def script(self, text: str, *, posix: bool, depth: int) -> None:
        for part in parse_script(text, posix=posix, depth=depth):
            self._part(part, posix=posix, depth=depth)

    def _part(self, part: Part, *, posix: bool, depth: int) -> None:
        match part:
            case SimpleCommand(words, heredoc_only=True) if [word.text for word in words] == ["cat"]:
                self._judged("cat", self._patterns.command(words), "", "only copies its here-document")
            case SimpleCommand(words):
                self._command(words, posix=posix, depth=depth)
            case Redirection():
                self._redirection(part)
            case Refusal():
                self.refuse(part.rule, f"{part.reason[:1].upper()}{part.reason[1:]}.")

    def _command(self, words: Sequence[Word], *, posix: bool, depth: int) -> None:
        shown = _shown(words)
        pattern: Pattern | None = None
        try:
            _check_name(words[0])
            pattern = self._patterns.command(words)
            if pattern is None and words[0].text not in HARMLESS:
                reason = f"matches none of the allowed patterns ({self._list()})"
                self._judged(shown, None, "no_pattern", reason)
                return
            check_builtin(words)
            inner = _inner(words, pattern)
        except RefusedError as refusal:
            reason = f"is refused because {refusal.reason}; the allowed patterns are {self._list()}"
            self._judged(shown, pattern, refusal.rule, reason)
            return
        self._judged(shown, pattern, "", "needs no pattern" if pattern is None else "matches a pattern")
        if depth > MAX_DEPTH:
            raise RefusedError("too_deep", "wrapper commands are nested too deeply")
        for found in inner:
            if isinstance(found, InnerCommand):
                self._command(found.words, posix=posix, depth=depth + _DEPTH_PER_WRAPPER)
            else:
                self.script(found.text, posix=posix or found.posix, depth=depth + _DEPTH_PER_WRAPPER)

    def _judged(self, shown: str, pattern: Pattern | None, rule: str, reason: str) -> None:
        """Note a verdict on one command; an empty rule is a permission."""
        sentence = f"`{shown}` {reason}."
        source = None if pattern is None else pattern.source
        self.commands.append(JudgedCommand(shown, not rule, source, sentence))
        if rule:
            self.refuse(rule, sentence)

    def _redirection(self, part: Redirection) -> None:
        """Judge a file that is read or written; `/dev/tcp` and `/dev/udp` are no files."""
        target = part.target
        shown = target.shown
        path = re.sub("/+", "/", target.prefix)
        if path.startswith(_NETWORK):
            self.refuse("redirection", f"`{shown}` is refused: it opens a network connection.")
        elif part.operator == "<":
            if target.text is None and any(device.startswith(path) for device in _NETWORK):
                self.refuse("redirection", f"Reading `{shown}` is refused: it could be a connection.")
        elif part.operator not in _OUTPUTS:
            self.refuse("redirection", f"The redirection `{part.operator} {shown}` is not supported.")
        elif target.text not in _FREE_OUTPUTS and self._patterns.output(target) is None:
            reason = f"Writing to `{shown}` needs a pattern like `> PATH`; the list is {self._list()}."
            self.refuse("redirection", reason)

    def _list(self) -> str:
        return listed(self._sources)


def _inner(words: Sequence[Word], pattern: Pattern | None) -> list[Inner]:
    """What a command runs, unless the operator wrote out the whole of it.

    One word is never the whole: a lone `bash` or `xargs` takes its commands from its input.
    """
    if pattern is not None and pattern.exact and len(words) > 1:
        return []
    return inner_commands(words)


def _check_name(word: Word) -> None:
    name = word.text
    if name is None or not _NAME.fullmatch(name):
        reason = "the name of the program is not written out plainly"
        raise RefusedError("dynamic_command", reason)
    if name in _RESERVED:
        raise UnparsableError(f"`{name}` is a reserved word of the shell")
    if _ASSIGNMENT.match(name):
        raise RefusedError("assignment", "an assignment can change what an allowed program runs")


def _shown(words: Sequence[Word]) -> str:
    """A command as a person could type it."""
    text = " ".join(_quoted(word) for word in words).replace("\n", "\\n")
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _quoted(word: Word) -> str:
    if word.text is None or (word.text and not re.search(r"[\s'\"`$;&|<>()*?]", word.text)):
        return word.shown
    return "'" + word.text.replace("'", "'\\''") + "'"
