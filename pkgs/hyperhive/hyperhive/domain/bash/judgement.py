"""The walk over the tree of a line: every command against the list, and all else that it could do."""

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from hyperhive.domain.bash.commands.arguments import Inner, InnerCommand, InnerOutput, InnerScript, rewritten
from hyperhive.domain.bash.commands.builtins import BUILTINS, check_builtin, needs_no_pattern
from hyperhive.domain.bash.commands.programs import notes
from hyperhive.domain.bash.commands.wrappers import WRAPPERS, embedded, inner_commands, without_activation
from hyperhive.domain.bash.forms import (
    Words,
    check_name,
    check_size,
    copies,
    defined,
    export_refused,
    goes_to,
    times,
    unexports,
)
from hyperhive.domain.bash.lines import one_line
from hyperhive.domain.bash.patterns import Pattern, PatternList, exported_assignment, listed
from hyperhive.domain.bash.printing.printer import RESERVED, print_script, shown, shown_command
from hyperhive.domain.bash.reading.parser import parse
from hyperhive.domain.bash.reading.source import MAX_DEPTH
from hyperhive.domain.bash.redirections import check_redirection, is_free, kept_from_network, writes
from hyperhive.domain.bash.script import (
    Assignment,
    Command,
    Embedded,
    Function,
    Pipeline,
    Redirection,
    RefusedError,
    Script,
    SimpleCommand,
    Statement,
    UnparsableError,
    Word,
    literal_word,
    parts,
    rebuilt,
)
from hyperhive.domain.bash.variables.evaluation import check_assignment, check_node
from hyperhive.domain.bash.variables.scope import Scope

# A variable in front of them stays set in a shell that goes by POSIX.
_SPECIAL: Final = frozenset(
    {".", ":", "break", "builtin", "command", "continue", "eval", "exec", "exit", "export", "readonly"}
    | {"return", "set", "shift", "source", "times", "trap", "unset"}
)
# An exact pattern over one of them lets a text run in the shell of the line that nobody has read.
_KEEPING_BUILTINS: Final = frozenset({"builtin", "command", "time"})
_IN_THIS_SHELL: Final = frozenset({".", "builtin", "command", "eval", "source", "time", "trap"})
_DEPTH_PER_WRAPPER: Final = 4
_MAX_INSTEAD: Final = 1000


Assignments = tuple[Assignment, ...]


@dataclass(frozen=True)
class JudgedCommand:
    #: The command with its quotes normalised, shortened for display.
    text: str
    allowed: bool
    #: The pattern that matched, also when something else refuses the command.
    pattern: str | None
    #: One sentence.
    reason: str


@dataclass(frozen=True, slots=True)
class _Place:
    """Where words stand that are judged: in a command of the tree."""

    command: SimpleCommand
    start: int
    end: int

    def inner(self, start: int, end: int) -> "_Place":
        return replace(self, start=self.start + start, end=self.start + end)

    def with_instead(self, instead: Command) -> Command | None:
        """The command of the tree with other words in their place."""
        command = self.command
        if (self.start, self.end) == (0, len(command.words)) and not isinstance(instead, Function):
            return replace(instead, redirections=command.redirections)
        if not isinstance(instead, SimpleCommand) or instead.assignments:
            return None
        words = (*command.words[: self.start], *instead.words, *command.words[self.end :])
        return replace(command, words=words)


@dataclass(frozen=True, slots=True)
class _Shell:
    """What holds for the commands of a script."""

    scope: Scope
    #: They start in the state directory.
    in_place: bool
    #: How deep wrappers are nested around them.
    depth: int = 0
    #: Names that a child of it can find in its environment with a value of the line.
    given: frozenset[str] = frozenset()
    #: A program starts them, which finds no built-ins.
    started: bool = False


class Judgement:
    """Of one line; `commands` and `notes` are in the order of the line."""

    def __init__(
        self,
        patterns: PatternList,
        sources: Sequence[str],
        directory: str | None,
        *,
        starts_there: bool,
        rewrites: bool = True,
    ) -> None:
        self.commands: list[JudgedCommand] = []
        self.notes: dict[str, None] = {}
        #: Rule, reason, and what to write instead.
        self.refused: tuple[str, str, str | None] | None = None
        self._patterns = patterns
        self._sources = sources
        self._directory = directory
        self._starts_there = starts_there
        self._rewrites = rewrites
        #: A text that nobody has read runs in a shell of the line.
        self._uncertain = False
        self._tree: Script | None = None

    def line(self, command: str) -> str | None:
        """What runs in its place, unless it is refused."""
        try:
            script = parse(command)
            check_size(script)
            script = embedded(script, self._is_opaque)
            check_size(script)
            self._tree = self._prepared(script, posix=False)
            tree = self._guarded(self._tree, posix=False)
            in_place = self._starts_there or goes_to(script, self._directory)
            self._script(tree, posix=False, in_place=in_place)
            return None if self.refused else self._printed(tree)
        except RefusedError as refusal:
            self._refuse(refusal, None)
        except RecursionError:
            self._refuse(RefusedError("too_deep", "it is nested too deeply"), None)
        return None

    def _printed(self, tree: Script) -> str:
        """What runs; it is read once more, for printer and parser to agree on it."""
        runs = print_script(tree)
        if embedded(parse(runs), self._is_opaque) != tree:
            raise UnparsableError("it cannot be printed with certainty")
        return runs

    def _is_opaque(self, command: SimpleCommand) -> bool:
        """Whether the operator wrote out the whole of it.

        One word is never the whole: a lone `bash` or `xargs` takes its commands from its input.
        """
        if len(command.words) < 2:
            return False
        pattern = self._patterns.command(command.words, command.assignments)
        if pattern is None or not pattern.exact:
            return False
        self._uncertain |= command.words[0].text in _IN_THIS_SHELL
        return True

    def _scope(self, script: Script, *, posix: bool, given: frozenset[str] = frozenset()) -> Scope:
        return Scope.of(
            script, inherited=given, uncertain=self._uncertain, directory=self._directory, posix=posix
        )

    def _prepared(self, script: Script, *, posix: bool) -> Script:
        """The script with files by harmless names, and variables kept from children in those within it."""

        def change(node: object) -> object:
            match node:
                case Embedded(same_shell=False):
                    inner = self._prepared(node.script, posix=node.posix)
                    return replace(node, script=self._guarded(inner, posix=node.posix))
                case Redirection() if not posix:
                    return kept_from_network(node)
                case _:
                    return node

        return rebuilt(script, change)

    def _guarded(self, script: Script, *, posix: bool) -> Script:
        """The script with its own variables kept from the programs it starts."""
        names = [] if posix else sorted(self._scope(script, posix=posix).assigned)
        if not names:
            return script
        words = tuple(map(literal_word, ("export", "-n", *names)))
        guard = Statement(Pipeline((SimpleCommand((), words),)))
        return script if script.statements[0] == guard else Script((guard, *script.statements))

    def _script(
        self,
        script: Script,
        *,
        posix: bool,
        in_place: bool,
        depth: int = 0,
        given: frozenset[str] = frozenset(),
    ) -> None:
        scope = self._scope(script, posix=posix, given=given)
        seen = sorted((scope.exported | (given if posix else frozenset())) & scope.assigned)
        if seen:
            reason = f"`{seen[0]}` is exported, so that every program sees what it is set to"
            raise RefusedError("assignment", reason, "another name for what the line alone needs")
        given |= scope.exported | (scope.assigned if posix else frozenset())
        shell = _Shell(scope, in_place and not scope.moves, depth, given)
        self._walk(script, shell, frozenset())

    def _walk(self, node: Any, shell: _Shell, functions: frozenset[str]) -> None:
        """Judge all that stands in a node; `functions` are those that are defined when it runs."""
        if isinstance(node, Script):
            for statement in node.statements:
                self._walk(statement, shell, functions)
                functions |= defined(statement)
            return
        if isinstance(node, Function):
            functions |= {node.name}
        if isinstance(node, tuple):
            for index, item in enumerate(node):
                # Behind a `|`, `time` is the program, which calls no functions.
                self._walk(item, shell, frozenset() if index and times(item) else functions)
            return
        names = parts(type(node))
        if names is not None:
            self._node(node, shell, functions)
            if not isinstance(node, Embedded) or node.same_shell:
                for name in names:
                    self._walk(getattr(node, name), shell, functions)

    def _node(self, node: object, shell: _Shell, functions: frozenset[str]) -> None:
        try:
            match node:
                case SimpleCommand(words=()):
                    for assignment in node.assignments:
                        check_assignment(assignment, shell.scope)
                case SimpleCommand():
                    self._simple(node, shell, functions)
                case Redirection():
                    self._redirection(node, shell)
                case Function():
                    self._function(node)
                case _:
                    check_node(node, shell.scope)
        except RefusedError as refusal:
            self._refuse(refusal, node)

    def _function(self, function: Function) -> None:
        taken = function.name in BUILTINS.keys() | WRAPPERS | RESERVED
        if taken or self._patterns.names_program(function.name):
            reason = f"a function `{function.name}` would take the place of the program of that name"
            raise RefusedError("function", reason, "another name for it")

    def _redirection(self, redirection: Redirection, shell: _Shell) -> None:
        if writes(redirection):
            self._output(redirection.target, shell)
        check_redirection(redirection, trusted=shell.scope.trusted(redirection.target))

    def _output(self, target: Word, shell: _Shell) -> None:
        if is_free(target):
            return
        if self._patterns.output(target, directory=self._directory, in_place=shell.in_place) is not None:
            return
        if self._patterns.output(target, directory=self._directory) is not None:
            raise self._left(f"the path `{shown(target)}`", f"`> {shown(self._absolute(target))}`")
        outputs = [source for source in self._sources if source.lstrip().startswith(">")]
        known = f"the list is {listed(outputs)}" if outputs else "there is none in the list"
        reason = f"writing to `{shown(target)}` needs a pattern like `> PATH`, and {known}"
        raise RefusedError("redirection", reason)

    def _simple(self, command: SimpleCommand, shell: _Shell, functions: frozenset[str]) -> None:
        if unexports(command):
            check_builtin(command.words, shell.scope)
        elif copies(command):
            self._judged(shown_command(command.words), None, "only copies its here-document")
        else:
            place = _Place(command, 0, len(command.words))
            self._words(command.words, command.assignments, place, shell, functions)

    def _words(
        self,
        words: Words,
        assignments: Assignments,
        place: _Place,
        shell: _Shell,
        functions: frozenset[str],
    ) -> None:
        """Judge a command, and what it runs or writes besides itself."""
        text = shown_command(words, assignments)
        if words[0].text in functions and not (assignments or self._uncertain):
            self._judged(text, None, "calls a function of this line")
            return
        pattern = self._patterns.command(
            words, assignments, directory=self._directory, in_place=shell.in_place
        )
        try:
            inner = self._checked(words, assignments, pattern, shell)
        except RefusedError as refusal:
            self._refuse(refusal, place, text, pattern)
            return
        at = len(self.commands)
        self._judged(text, pattern, "needs no pattern" if pattern is None else "matches a pattern")
        self.notes.update(dict.fromkeys(notes(words, pattern)))
        given = shell.given | {assignment.name for assignment in assignments}
        for found in sorted(inner, key=lambda one: isinstance(one, InnerOutput)):
            try:
                self._inner(found, words, assignments, place, replace(shell, given=given), functions)
            except RefusedError as refusal:
                self._refuse(refusal, place, text, pattern, at)

    def _checked(
        self, words: Words, assignments: Assignments, pattern: Pattern | None, shell: _Shell
    ) -> list[Inner]:
        """What a command runs and writes besides itself, if it may be called."""
        if shell.depth > MAX_DEPTH:
            raise RefusedError("too_deep", "wrapper commands are nested too deeply")
        check_name(words[0])
        if pattern is None:
            self._check_free(words, assignments, shell)
        if assignments and words[0].text in _SPECIAL:
            reason = f"`{assignments[0].name}` would stay set behind `{words[0].text}`"
            raise RefusedError("assignment", reason, rewritten(words))
        if words[0].text != "export" or unexports(SimpleCommand((), words)):
            check_builtin(words, shell.scope)
        elif not (all(map(exported_assignment, words[1:])) or (pattern is not None and pattern.exact)):
            raise export_refused(words)
        whole = pattern is not None and pattern.exact and len(words) > 1 and shell.in_place
        return [] if whole else inner_commands(words, shell.scope)

    def _inner(
        self,
        found: Inner,
        words: Words,
        assignments: Assignments,
        place: _Place,
        shell: _Shell,
        functions: frozenset[str],
    ) -> None:
        depth = shell.depth + _DEPTH_PER_WRAPPER
        match found:
            case InnerOutput(word):
                self._output(word, shell)
            case InnerCommand():
                inner = replace(
                    shell,
                    depth=depth,
                    in_place=shell.in_place and not found.moves,
                    started=shell.started or words[0].text not in _KEEPING_BUILTINS,
                )
                # With a variable in front, in `sh`, and behind another one, `time` is the program.
                program = assignments or shell.scope.posix or found.words[0].text == "time"
                keyword = found.same_shell and not program
                called = functions if keyword else frozenset()
                where = place.inner(found.start, found.end)
                self._words(found.words, found.assignments, where, inner, called)
            case InnerScript(start=start):
                script = words[start].pieces[0]
                if not isinstance(script, Embedded):
                    raise self._left("a pattern for a whole script")
                if not script.same_shell:
                    self._script(
                        script.script,
                        posix=script.posix,
                        in_place=shell.in_place,
                        depth=depth,
                        given=shell.given,
                    )

    def _check_free(
        self,
        words: Words,
        assignments: Assignments,
        shell: _Shell,
    ) -> None:
        """Refuse a command that no pattern covers and that needs one."""
        name = words[0].text or ""
        named = {assignment.name for assignment in assignments}
        free = needs_no_pattern(words, posix=shell.scope.posix, started=shell.started)
        if free and (not named or (name == "read" and named == {"IFS"})):
            return
        if self._patterns.command(words, assignments) is not None:
            raise self._left(f"the program `{name}`", rewritten((self._absolute(words[0]), *words[1:])))
        if name == "export":
            raise export_refused(words)
        if assignments and (free or self._patterns.command(words)):
            first = assignments[0].name
            reason = f"`{first}` in its environment needs a pattern that names it, as in `{first}=* {name} *`"
            raise RefusedError("assignment", reason, rewritten(words))
        raise RefusedError("no_pattern", "", self._by_name(words, assignments) or without_activation(words))

    def _left(self, what: str, instead: str | Command | None = None) -> RefusedError:
        reason = f"{what} is meant from the state directory, and the command need not start there"
        known = instead if self._directory is not None else "its path from the root"
        return RefusedError("directory", reason, known)

    def _absolute(self, word: Word) -> Word:
        return literal_word(posixpath.normpath(posixpath.join(self._directory or "", word.text or "")))

    def _by_name(self, words: Words, assignments: Assignments) -> Command | None:
        """The same command with its program by name, where a pattern covers that."""
        _, slash, name = (words[0].text or "").rpartition("/")
        named = (literal_word(name), *words[1:]) if slash and name else words
        covered = slash and self._patterns.command(named, assignments) is not None
        return SimpleCommand(assignments, named) if covered else None

    def _judged(self, text: str, pattern: Pattern | None, reason: str, *, allowed: bool = True) -> None:
        source = None if pattern is None else pattern.source
        self.commands.append(JudgedCommand(text, allowed, source, f"`{text}` {reason}."))

    def _refuse(
        self,
        refusal: RefusedError,
        where: object,
        text: str = "",
        pattern: Pattern | None = None,
        at: int | None = None,
    ) -> None:
        """Note why a command, or another node of the tree, is refused; `at` it was noted as allowed."""
        reason = f"is refused because {refusal.reason}"
        if refusal.rule == "no_pattern":
            reason = f"matches none of the allowed patterns ({listed(self._sources)})"
        if text:
            self._judged(text, pattern, reason, allowed=False)
            if at is not None:
                self.commands[at] = self.commands.pop()
        if self.refused is None:
            instead, advice = self._instead(refusal.instead, where)
            subject = f"`{text}`" if text else "The command line"
            self.refused = (refusal.rule, f"{subject} {reason}{advice}.", instead)

    def _instead(self, instead: str | Command | None, where: object) -> tuple[str | None, str]:
        """What to write instead, and how a sentence goes on with it."""
        if instead is None or isinstance(instead, str):
            return instead, f"; instead: {instead}" if instead else ""
        whole = self._rewritten(where, instead)
        if whole is not None and len(whole) <= _MAX_INSTEAD:
            return whole, f"; write `{whole}` instead"
        try:
            part = one_line(Script((Statement(Pipeline((instead,))),)))
        except RefusedError:
            return None, ""
        return part, f"; write `{part}` in its place"

    def _rewritten(self, where: object, instead: Command) -> str | None:
        """The whole line with another command in the place of a refused one, if that is allowed."""
        old = where.command if isinstance(where, _Place) else where
        new = where.with_instead(instead) if isinstance(where, _Place) else instead
        if self._tree is None or new is None or not self._rewrites:
            return None

        def change(node: object) -> object:
            if isinstance(node, Embedded) and not node.same_shell:
                return replace(node, script=rebuilt(node.script, change))
            return new if node == old else node

        try:
            line = one_line(rebuilt(self._tree, change))
        except RefusedError:
            return None
        return line if self._allows(line) else None

    def _allows(self, line: str) -> bool:
        again = Judgement(
            self._patterns,
            self._sources,
            self._directory,
            starts_there=self._starts_there,
            rewrites=False,
        )
        return again.line(line) is not None
