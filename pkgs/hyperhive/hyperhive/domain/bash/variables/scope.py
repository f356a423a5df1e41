"""What the variables of a script can hold: where Bash may evaluate one, and where one may become words.

The order of the commands does not matter here: what holds, holds for every assignment of the script.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

from hyperhive.domain.bash.script import (
    Arithmetic,
    Brace,
    BraceRange,
    Literal,
    Parameter,
    Piece,
    Redirection,
    Script,
    SimpleCommand,
    Substitution,
    Tilde,
    Word,
)
from hyperhive.domain.bash.variables.assigned import Assignments, Value
from hyperhive.domain.bash.variables.flow import Flow
from hyperhive.domain.bash.variables.names import IDENTIFIER, NUMBERS, given_by_environment

# Numbers between blanks, which are numbers still when they are put together.
_DIGITS: Final = re.compile(r"[ \t\n]*(?:[-+]?[0-9]+[ \t\n]*)*")
# As arithmetic such a text can do no more than name variables: it assigns nothing and has no subscript.
_PLAIN_TEXT: Final = re.compile(r"(?!-|.*--|.*-$)[A-Za-z0-9_./:@%, \n-]*", re.DOTALL)
_NUMBER_PARAMETERS: Final = frozenset("?#$!")
_PLAIN: Final = frozenset({"", ":?", "?"})
_DEFAULTS: Final = frozenset({":-", "-"})

# Their output is one number, or numbers between blanks, whatever they read.
_COUNTING: Final = frozenset(
    {"nproc", "nproc --all", "wc -l", "wc -w", "wc -c", "wc -m", "wc --lines", "wc --words", "wc --bytes"}
    | {"wc --chars", "tr -dc 0-9", "tr -cd 0-9", "jobs -p", "id -u", "id -g", "git rev-list --count HEAD"}
)
_GREP: Final = re.compile(r"grep -[EFivwx]*c[EFivwx]* [^-?].*")
_LOCATING: Final = frozenset(
    {"mktemp", "mktemp -d", "pwd", "pwd -L", "pwd -P", "git rev-parse --show-toplevel"}
)
_PATH_START: Final = re.compile(r"[A-Za-z0-9_./@]")
_SHOWING: Final = re.compile(r"date(?: -u)? \+(?:%(?:[sYmdHMSjuw]|[0-9]?N))+|stat -c %[sY] [^- ?][^ ?]*")

#: The names that have to be numbers too for a word to be one; None if it is none in any case.
_Needs = frozenset[str] | None
_NOTHING: Final[frozenset[str]] = frozenset()
#: Stands for all variables that the script does not set.
_ENVIRONMENT: Final = ""


@dataclass(frozen=True)
class Scope:
    #: The variables that the script sets in its own shell, other than by `export`.
    assigned: frozenset[str]
    exported: frozenset[str]
    #: The variables that it may make arrays.
    arrays: frozenset[str]
    functions: frozenset[str]
    #: It changes the working directory.
    moves: bool
    #: The shell need not be Bash.
    posix: bool
    #: Something that could not be read runs in the same shell.
    uncertain: bool
    _values: Mapping[str, Sequence[Value]]
    _appended: frozenset[str]
    _associative: frozenset[str]
    #: The variables that may be read while they still hold what the environment gave them.
    _early: frozenset[str]
    #: The associative arrays that are declared before any subscript of them is read.
    _keyed: frozenset[str]

    @classmethod
    def of(
        cls,
        script: Script,
        *,
        inherited: Collection[str] = (),
        uncertain: bool = False,
        directory: str | None = None,
        posix: bool = False,
    ) -> Self:
        """Read a script whose scripts for `eval` and `trap` are embedded.

        `inherited` are variables that an outer script may have given any value; `directory` is the one where
        the relative patterns hold, so that going there is no move.
        """
        found = Assignments.of(script, directory)
        flow = Flow.of(script)
        values = {**found.values}
        for name in inherited:
            values[name] = [*values.get(name, ()), None]
        return cls(
            assigned=frozenset(found.assigned),
            exported=frozenset(found.exported),
            arrays=frozenset(found.arrays),
            functions=frozenset(found.functions),
            moves=found.moves,
            posix=posix,
            uncertain=uncertain or found.uncertain,
            _values=values,
            _appended=frozenset(found.appended),
            _associative=frozenset(found.associative),
            _early=frozenset(flow.early),
            _keyed=frozenset(found.associative - flow.indexed - found.lists).difference(inherited),
        )

    def trusted(self, given: Word | str) -> bool:
        """Whether the operator's environment alone decides the value.

        Of words: one plain expansion, and behind it nothing but a path. Unquoted, it may become any words.
        """
        if isinstance(given, str):
            return not self.uncertain and given not in self._values and given_by_environment(given)
        first, *rest = given.pieces
        begin = rest[0] if rest else Literal("/")
        return (
            isinstance(begin, Literal)
            and begin.text.startswith("/")
            and self._trusted_piece(first)
            and all(isinstance(piece, Literal) or self._trusted_piece(piece) for piece in rest)
        )

    def harmless_number(self, word: Word) -> bool:
        """Whether it can become nothing but numbers, or nothing at all where a variable is not set."""
        needs = self._needs(word.pieces)
        return needs is not None and needs <= self._numbers

    def is_path(self, word: Word) -> bool:
        """Whether it begins like a path, or is empty: it can be no option and no operator of a program."""
        needs = self._path_needs(word)
        return not self.uncertain and word.single and needs is not None and needs <= self._paths

    def evaluates_nothing(self, given: Word | str) -> bool:
        """Whether evaluating it as arithmetic, and what its variables hold in their turn, runs nothing."""
        if isinstance(given, str):
            return self._harmless_name(given)
        needs = self._evaluated(given)
        return needs is not None and all(map(self._harmless_name, needs))

    def evaluates_subscripts(self, name: str) -> bool:
        """Whether a subscript of the variable may be arithmetic and not a plain text."""
        return self.uncertain or name not in self._keyed

    def literals(self, name: str) -> frozenset[str] | None:
        """All values that the script gives a variable, if each of them is written out."""
        values = self._values.get(name)
        if self.uncertain or not values:
            return None
        texts = frozenset(None if value is None else value.text for value in values)
        return None if None in texts else frozenset(text for text in texts if text is not None)

    @cached_property
    def _paths(self) -> frozenset[str]:
        """The variables that can be no option and no operator."""
        appended = dict.fromkeys(self._appended)
        needs = {name: self._all_needs(name, self._path_needs) for name in self._values} | appended
        return frozenset(self._values) - _reached(needs, lambda name: name not in self._values)

    def _path_needs(self, word: Word) -> _Needs:
        """The names that have to hold paths for every word that this becomes to begin like one."""
        first, *rest = word.pieces
        if isinstance(first, Literal) and not word.splits:
            return _NOTHING if not first.text or _PATH_START.match(first.text) else None
        follows = not rest or (isinstance(rest[0], Literal) and _PATH_START.match(rest[0].text))
        if word.splits or not follows:
            return None
        plain = isinstance(first, Parameter) and first.operator in _PLAIN and not first.subscript
        if isinstance(first, Parameter) and plain and first.name in self._values:
            return frozenset({first.name})
        located = isinstance(first, Substitution) and self._prints_path(first.script)
        return _NOTHING if located or isinstance(first, Tilde) or self._trusted_piece(first) else None

    def _prints_path(self, script: Script) -> bool:
        command = _last_command(script)
        texts = [word.text or "?" for word in command.words] if command is not None else []
        return " ".join(texts) in _LOCATING and texts[0] not in self.functions

    def _trusted_piece(self, piece: Piece) -> bool:
        if not isinstance(piece, Parameter) or piece.operator not in ("", ":?", "?") or piece.subscript:
            return False
        if piece.name in ("PWD", "OLDPWD"):
            return piece.quoted and not self.uncertain and piece.name not in self._values
        return self.trusted(piece.name)

    def _harmless_name(self, name: str) -> bool:
        if self.uncertain or name in self._harmful:
            return False
        if name in self._values or self._always_number(name):
            return True
        return (name == _ENVIRONMENT or given_by_environment(name)) and _ENVIRONMENT not in self._harmful

    def _always_number(self, name: str) -> bool:
        return name in NUMBERS and name not in self._values and not self.posix

    @cached_property
    def _numbers(self) -> frozenset[str]:
        """The variables of which every value is a number."""
        if self.uncertain:
            return _NOTHING
        needs = {name: self._all_needs(name, lambda word: self._needs(word.pieces)) for name in self._values}
        return frozenset(self._values) - _reached(needs, lambda name: name not in self._values)

    @cached_property
    def _harmful(self) -> frozenset[str]:
        """The variables that may not be evaluated.

        Where there is one, a variable of the environment may hold its name.
        """
        needs = {name: self._all_needs(name, self._evaluated) for name in self._values}
        needs.update(dict.fromkeys(self._appended - self._numbers))
        harmful = _reached(needs, self._never_evaluated)
        if not harmful:
            return harmful
        outside = {name: self._with_environment(name, needed) for name, needed in needs.items()}
        reached = _reached(outside, lambda name: name == _ENVIRONMENT or self._never_evaluated(name))
        return reached | {_ENVIRONMENT}

    def _with_environment(self, name: str, needed: _Needs) -> _Needs:
        """The needs of a variable, with one name for all that the script does not set."""
        if needed is None:
            return None
        given = {other for other in needed if other not in self._values and given_by_environment(other)}
        early = name in self._early
        return (needed - given) | {_ENVIRONMENT} if given or early else needed

    def _never_evaluated(self, name: str) -> bool:
        known = name in self._values or self._always_number(name) or given_by_environment(name)
        return not known and name != _ENVIRONMENT

    def _all_needs(self, name: str, needs: Callable[[Word], _Needs]) -> _Needs:
        return _union(None if value is None else needs(value) for value in self._values[name])

    def _evaluated(self, word: Word) -> _Needs:
        """The names that are evaluated with a word; None if that may run something by itself."""
        needs = self._needs(word.pieces)
        if needs is not None and needs <= self._numbers:
            return needs
        match word.pieces:
            case (Literal(text),) if _PLAIN_TEXT.fullmatch(text):
                # When it is evaluated is not known: the variables may not be set yet.
                names = frozenset(IDENTIFIER.findall(text))
                return names | {_ENVIRONMENT} if names else names
            case (Parameter(name=name, operator=operator, argument=argument),) if IDENTIFIER.fullmatch(name):
                if operator in ("", ":?", "?"):
                    return frozenset({name})
                if operator in _DEFAULTS and argument is not None:
                    return _union((frozenset({name}), self._evaluated(argument)))
        return None

    def _needs(self, pieces: Iterable[Piece]) -> _Needs:
        return _union(map(self._piece_needs, pieces))

    def _piece_needs(self, piece: Piece) -> _Needs:
        match piece:
            case Parameter():
                return self._parameter_needs(piece)
            case Substitution(script):
                return self._output_needs(script)
            case Brace(alternatives):
                return _union(self._needs(word.pieces) for word in alternatives)
        return _NOTHING if _plain_number(piece) else None

    def _parameter_needs(self, parameter: Parameter) -> _Needs:
        name, operator = parameter.name, parameter.operator
        if operator == "length" or (operator in _PLAIN and name in _NUMBER_PARAMETERS):
            return _NOTHING
        if operator == "keys":
            # Of its own arrays, `BASH_CMDS` has names for keys.
            texts = name in self._associative or name.startswith("BASH")
            return None if self.uncertain or texts else _NOTHING
        own = _NOTHING if self._always_number(name) else frozenset({name})
        if operator in _PLAIN:
            return own
        if operator in (":+", "+") and parameter.argument is not None:
            return self._needs(parameter.argument.pieces)
        if operator in _DEFAULTS and parameter.argument is not None:
            return _union((own, self._needs(parameter.argument.pieces)))
        return None

    def _output_needs(self, script: Script) -> _Needs:
        """Of a substitution that prints numbers in any case."""
        command = _last_command(script)
        if command is None or not command.words or (command.words[0].text or "") in self.functions:
            return None
        if self.uncertain:
            return None
        texts = [word.text for word in command.words]
        if texts[:2] == ["printf", "%d"]:
            return _NOTHING
        if texts[0] in ("seq", "expr"):
            operators = ("+", "-", "*", "/", "%") if texts[0] == "expr" else ()
            numbers = [word for word in command.words[1:] if word.text not in operators]
            return self._needs(piece for word in numbers for piece in word.pieces)
        text = " ".join("?" if text is None else text for text in texts)
        # Without an input some of them search all files, and show their names.
        reads = len(script.statements[0].first.commands) > 1 or any(map(_is_input, command.redirections))
        greps = reads and len(texts) == len(("grep", "-c", "PATTERN")) and _GREP.fullmatch(text)
        counts = text in _COUNTING or _SHOWING.fullmatch(text) or greps
        return _NOTHING if counts else None


def _plain_number(piece: Piece) -> bool:
    match piece:
        case Literal(text):
            return _DIGITS.fullmatch(text) is not None
        case BraceRange(first, last):
            return _DIGITS.fullmatch(first) is not None and _DIGITS.fullmatch(last) is not None
    return isinstance(piece, Arithmetic)


def _last_command(script: Script) -> SimpleCommand | None:
    """The command whose output is all of the script's, unless it can print errors with it."""
    if len(script.statements) != 1 or script.statements[0].rest or script.statements[0].background:
        return None
    command = script.statements[0].first.commands[-1]
    if not isinstance(command, SimpleCommand) or command.assignments:
        return None
    for redirection in command.redirections:
        if redirection.operator not in ("<", "<<<", "<<") and redirection.target.text != "/dev/null":
            return None
    return command


def _is_input(redirection: Redirection) -> bool:
    return redirection.operator in ("<", "<<<", "<<") and redirection.descriptor in (None, 0)


def _union(needs: Iterable[_Needs]) -> _Needs:
    found: set[str] = set()
    for needed in needs:
        if needed is None:
            return None
        found |= needed
    return frozenset(found)


def _reached(needs: Mapping[str, _Needs], bad: Callable[[str], bool]) -> frozenset[str]:
    """The names that are bad, or need one that is."""
    needed_by: dict[str, list[str]] = defaultdict(list)
    pending: list[str] = []
    for name, needed in needs.items():
        if needed is None or any(map(bad, needed)):
            pending.append(name)
        for other in needed or ():
            needed_by[other].append(name)
    reached: set[str] = set()
    while pending:
        name = pending.pop()
        if name not in reached:
            reached.add(name)
            pending.extend(needed_by[name])
    return frozenset(reached)
