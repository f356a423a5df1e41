"""The decision about a line: whether an agent's list allows it, and what runs then."""

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass

from hyperhive.domain.bash.judgement import JudgedCommand, Judgement
from hyperhive.domain.bash.lines import differs
from hyperhive.domain.bash.patterns import compile_pattern, compile_patterns, listed
from hyperhive.domain.bash.printing.printer import shown_command
from hyperhive.domain.bash.reading.parser import parse
from hyperhive.domain.bash.script import RefusedError, SimpleCommand, nodes


@dataclass(frozen=True)
class Verdict:
    allowed: bool
    #: The stable key of the rule that decided: `any_command`, `no_bash`, `pattern`, `no_pattern`,
    #: `dynamic_command`, `assignment`, `redirection`, `wrapper`, `builtin`, `condition`, `function`,
    #: `arithmetic`, `expansion`, `directory`, `unparsable`, `too_long` or `too_deep`.
    rule: str
    #: One sentence for the model and the operator.
    reason: str
    #: The simple commands found up to the decision, those inside wrappers after them.
    commands: tuple[JudgedCommand, ...] = ()
    #: What is to run in place of the line: the same, printed from what was judged; None when refused.
    runs: str | None = None
    #: `runs` differs from the line in more than spacing.
    changed: bool = False
    #: For a refused line, what to write instead: the whole of it, or a part in words.
    instead: str | None = None
    #: What the patterns that matched let their programs do besides.
    notes: tuple[str, ...] = ()


def judge(
    command: str, patterns: Sequence[str] | None, *, directory: str | None = None, cwd: str | None = None
) -> Verdict:
    """Decide whether a command line may run. Pure, safe to call from several threads; it does not raise.

    `patterns` is the agent's allow-list: None for any command, empty for no Bash at all. `directory` is the
    agent's state directory, for which relative paths in patterns are written; `cwd` is where the line starts.
    """
    if patterns is None:
        said = "This agent may run any command."
        return Verdict(True, "any_command", said, _listed_commands(command), runs=command)
    if not patterns:
        return Verdict(False, "no_bash", "This agent may not use Bash at all.")
    starts_there = not directory or not cwd or posixpath.normpath(cwd) == posixpath.normpath(directory)
    compiled = compile_patterns(tuple(patterns))
    judgement = Judgement(compiled, tuple(patterns), directory, starts_there=starts_there)
    runs = judgement.line(command)
    commands = tuple(judgement.commands)
    if judgement.refused is not None:
        rule, reason, instead = judgement.refused
        return Verdict(False, rule, reason, commands, instead=instead)
    used = {judged.pattern: None for judged in commands if judged.pattern is not None}
    reason = (
        f"Every command is covered by {listed(used)}." if used else "Nothing in this line needs a pattern."
    )
    changed = runs is not None and differs(command, runs)
    return Verdict(
        True, "pattern", reason, commands, runs=runs, changed=changed, notes=tuple(judgement.notes)
    )


def validate_pattern(pattern: str) -> str:
    """The pattern itself; a `ValueError` says why it cannot be in an allow-list."""
    compile_pattern(pattern)
    return pattern


def _listed_commands(command: str) -> tuple[JudgedCommand, ...]:
    try:
        found = [node for node in nodes(parse(command)) if isinstance(node, SimpleCommand) and node.words]
    except RefusedError:
        return ()
    return tuple(
        JudgedCommand(shown_command(one.words), True, None, "Any command is allowed.") for one in found
    )
