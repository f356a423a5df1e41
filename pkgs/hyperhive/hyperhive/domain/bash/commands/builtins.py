"""Every built-in of Bash 5.3: which of their options and operands are understood, and so allowed."""

import re
from collections.abc import Callable, Sequence
from typing import Final

from hyperhive.domain.bash.commands.options import Arguments, read_options
from hyperhive.domain.bash.script import Embedded, Literal, Parameter, RefusedError, Word
from hyperhive.domain.bash.variables.assigned import (
    DECLARE_OPTIONS,
    MAPFILE_OPTIONS,
    READ_OPTIONS,
    exports,
    operand,
)
from hyperhive.domain.bash.variables.evaluation import check_test
from hyperhive.domain.bash.variables.names import IDENTIFIER, check_name
from hyperhive.domain.bash.variables.scope import Scope

_ASSIGNMENT: Final = "assignment"
_BUILTIN: Final = "builtin"

# They start nothing and change nothing that a program could notice.
NEEDS_NO_PATTERN: Final = frozenset(
    {":", "[", "break", "continue", "declare", "exit", "false", "getopts", "local", "mapfile", "read"}
    | {"readarray", "readonly", "return", "set", "shift", "shopt", "test", "trap", "true", "typeset", "unset"}
    | {"wait"}
)
_OF_BASH: Final = frozenset({"declare", "mapfile", "readarray", "shopt", "typeset"})
_PROGRAMS_TOO: Final = frozenset({"[", "false", "test", "true"})
_REFUSED: Final = {
    **dict.fromkeys(("alias", "unalias"), "gives commands another meaning"),
    **dict.fromkeys(("bind", "compgen", "complete", "compopt"), "holds commands that run later or elsewhere"),
    "enable": "changes which commands are built in",
    "fc": "runs earlier commands again",
}

_SET_FLAGS: Final = frozenset("euxvCEf")
_SET_OPTIONS: Final = frozenset(
    {"errexit", "errtrace", "noclobber", "noglob", "nounset", "pipefail", "verbose", "xtrace"}
)
_SHELL_OPTIONS: Final = frozenset(
    {"dotglob", "failglob", "globasciiranges", "globskipdots", "globstar", "huponexit", "inherit_errexit"}
    | {"lastpipe", "nocaseglob", "nocasematch", "nullglob"}
)
_DECLARE_FLAGS: Final = "aAgir"
_SIGNALS: Final = frozenset(
    {"EXIT", "ERR", "HUP", "INT", "QUIT", "ABRT", "ALRM", "TERM", "USR1", "USR2", "PIPE", "CHLD", "CONT"}
    | {"TSTP", "TTIN", "TTOU", "WINCH", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "IO", "PWR", "SYS"}
)
_SIGNAL_NUMBER: Final = re.compile(r"[0-9]|[1-5][0-9]|6[0-4]")
_CONVERSION: Final = re.compile(
    r"%(?:%|[-+ #0']*(?:[0-9]+|\*)?(?:\.(?:[0-9]+|\*)?)?"
    r"(?:(?:hh|h|ll|l|j|z|t|L)?[diouxXeEfFgGaAcsbqQ]|\([^()%]*(?:%[A-Za-z%][^()%]*)*\)T))"
)
# They stand in a format for text that holds no conversion, and for a number or nothing.
_INERT: Final = "\0"
_DIGITS: Final = "\1"
_ELEMENT: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:\[-?[0-9]+\])?")


def needs_no_pattern(words: Sequence[Word], *, posix: bool = False, started: bool = False) -> bool:
    """Whether a command whose name is literal may run without one; it is checked all the same.

    What `sh` does not have, and what a program starts, is a program of that name.
    """
    name = words[0].text
    if (posix and name in _OF_BASH) or (started and name not in _PROGRAMS_TOO):
        return False
    if name == "exec":
        return len(words) == 1
    if name == "export":
        return len(words) > 2 and words[1].text == "-n"
    return name in NEEDS_NO_PATTERN


def check_builtin(words: Sequence[Word], scope: Scope) -> None:
    """Refuse a built-in, whose name is literal, unless all of its arguments are understood."""
    check = BUILTINS.get(words[0].text or "")
    if check is not None:
        check(words, scope)


def _refuse(words: Sequence[Word], _scope: Scope) -> None:
    name = words[0].text or ""
    raise RefusedError(_BUILTIN, f"`{name}` {_REFUSED[name]}")


def _check_brackets(words: Sequence[Word], scope: Scope) -> None:
    if words[-1].text != "]":
        raise RefusedError("condition", "`[` needs a `]` at its end")
    check_test(words[1:-1], scope)


def _check_declaration(words: Sequence[Word], scope: Scope) -> None:
    name = words[0].text
    arguments = read_options(words, DECLARE_OPTIONS, plus=DECLARE_OPTIONS)
    letters = arguments.letters
    if letters == {"p"} and arguments.operands:
        for word in arguments.operands:
            check_name(word.text or "")
        return
    if "x" in letters:
        raise RefusedError(
            _ASSIGNMENT, f"`{name} -x` gives a variable to all programs", "`export NAME=value`"
        )
    unknown = letters - frozenset("n" if name == "export" else _DECLARE_FLAGS)
    if unknown:
        raise RefusedError(_ASSIGNMENT, f"`{name}` is understood without `-{min(unknown)}` only")
    if not arguments.operands and name != "local":
        raise RefusedError(_BUILTIN, f"`{name}` without a name shows every variable")
    for word in arguments.operands:
        _check_value(word, arguments, scope)
        if exports(words, arguments):
            _check_exported(operand(word)[0], scope)
        else:
            check_name(operand(word)[0], posix=scope.posix)


def _check_exported(name: str, scope: Scope) -> None:
    """Its pattern names the variable; what it holds must be what that pattern saw."""
    if name in scope.assigned:
        raise RefusedError(
            _ASSIGNMENT, f"`{name}` is exported, and set in another way, too", f"only `export {name}=…`"
        )


def _check_value(word: Word, arguments: Arguments, scope: Scope) -> None:
    name, operator, value = operand(word)
    if not word.single:
        raise RefusedError(
            _ASSIGNMENT, f"the value of `{name}` can become other words", "the value in double quotes"
        )
    if "i" in arguments.letters and not scope.evaluates_nothing(name):
        raise RefusedError(
            _ASSIGNMENT, f"`-i` evaluates every value of `{name}`", f"`{name}=…` without it, and `$((…))`"
        )
    # Of an array, the value `(…)` is read as the source text of a list: what is in it runs.
    array = name in scope.arrays or scope.uncertain or not arguments.letters.isdisjoint("aA")
    if operator and array and not _begins_otherwise(value, "(", scope):
        raise RefusedError(
            _ASSIGNMENT, f"`{name}` is an array, whose value would be read as a list", f"`{name}=…` alone"
        )


def _check_getopts(words: Sequence[Word], scope: Scope) -> None:
    if len(words) < 3 or not words[1].single:
        raise RefusedError(_BUILTIN, "`getopts` takes its letters and the name of a variable")
    _check_target(words[2], scope)


def _check_hash(words: Sequence[Word], scope: Scope) -> None:
    arguments = read_options(words, "rldt")
    _check_operands(words, arguments, scope)


def _check_history(words: Sequence[Word], _scope: Scope) -> None:
    if not all(re.fullmatch("[0-9]+", word.text or "") for word in words[1:]):
        raise RefusedError(_BUILTIN, "`history` is understood alone and with a number; it could write a file")


def _check_jobs(words: Sequence[Word], scope: Scope) -> None:
    arguments = read_options(words, "lnprs")
    _check_operands(words, arguments, scope)


def _check_let(_words: Sequence[Word], _scope: Scope) -> None:
    raise RefusedError(_ASSIGNMENT, "`let` evaluates its arguments", "`((…))`, or `n=$((…))`")


def _check_mapfile(words: Sequence[Word], scope: Scope) -> None:
    arguments = read_options(words, *MAPFILE_OPTIONS)
    _check_values(words, arguments)
    if len(arguments.operands) > 1:
        raise RefusedError(_BUILTIN, f"`{words[0].text}` reads into one array only")
    for word in arguments.operands:
        _check_target(word, scope)


def _check_printf(words: Sequence[Word], scope: Scope) -> None:
    arguments = read_options(words, "", "v")
    for word in arguments.values("v"):
        _check_target(word, scope)
    if not arguments.operands:
        return
    form, *values = arguments.operands
    if form.single and not values:
        return  # Bash finds no variable to set then, neither by an option nor by a conversion.
    text = "".join(_inert(piece, scope) for piece in form.pieces)
    option = text.lstrip(_INERT + _DIGITS).startswith("-") and not arguments.ended
    if not form.single or option:
        raise _computed_format()
    if "%" in _CONVERSION.sub("", text.replace(_DIGITS, "1")):
        raise RefusedError(
            _ASSIGNMENT,
            "the format of `printf` holds a conversion that is not known here; `%n` sets a variable",
        )


def _inert(piece: object, scope: Scope) -> str:
    """A piece of a format, where it is sure that it holds no conversion and no option."""
    if isinstance(piece, Literal):
        return piece.text
    if isinstance(piece, Parameter) and piece.quoted:
        word = Word((piece,))
        if scope.harmless_number(word):
            return _DIGITS
        texts = scope.literals(piece.name) if not piece.operator and not piece.subscript else None
        if texts is not None and not any("%" in text or text.startswith("-") for text in texts):
            return _INERT
        if scope.trusted(word):
            return _INERT
    raise _computed_format()


def _computed_format() -> RefusedError:
    return RefusedError(
        _BUILTIN,
        "the format of `printf` is computed when it runs and could set a variable",
        "`printf '%s' …` with the values behind the format",
    )


def _check_read(words: Sequence[Word], scope: Scope) -> None:
    arguments = read_options(words, *READ_OPTIONS)
    _check_values(words, arguments)
    for word in (*arguments.values("a"), *arguments.operands):
        _check_target(word, scope)


def _check_set(words: Sequence[Word], _scope: Scope) -> None:
    pending = [word.text for word in words[1:]]
    if not pending:
        raise RefusedError(_BUILTIN, "`set` alone prints every variable")
    while pending:
        flags = pending.pop(0)
        if flags == "--":
            return
        option = pending.pop(0) if flags is not None and flags.endswith("o") and pending else "pipefail"
        letters = frozenset((flags or "")[1:].removesuffix("o"))
        if (
            not flags
            or flags[0] not in "-+"
            or not flags[1:]
            or option not in _SET_OPTIONS
            or letters - _SET_FLAGS
        ):
            raise RefusedError(
                _BUILTIN,
                "`set` is understood for -e, -u, -x, -v, -f, -C, -E and a few names behind -o",
                "`set -- …` for the positional parameters",
            )


def _check_shopt(words: Sequence[Word], _scope: Scope) -> None:
    arguments = read_options(words, "supq")
    for word in arguments.operands:
        if word.text not in _SHELL_OPTIONS:
            raise RefusedError(
                _BUILTIN, f"`shopt` is understood for {', '.join(sorted(_SHELL_OPTIONS))} only"
            )


def _check_test(words: Sequence[Word], scope: Scope) -> None:
    check_test(words[1:], scope)


def _check_trap(words: Sequence[Word], _scope: Scope) -> None:
    arguments = read_options(words, "lpP")
    signals = arguments.operands
    if not arguments.options and len(signals) > 1:
        script, signals = signals[0], signals[1:]
        if script.text is None and not isinstance(script.pieces[0], Embedded):
            reason = "the script of `trap` is computed when it runs"
            raise RefusedError(_BUILTIN, reason, "the script in single quotes")
    for signal in signals:
        text = (signal.text or "").upper().removeprefix("SIG")
        if text not in _SIGNALS and not _SIGNAL_NUMBER.fullmatch(text):
            raise RefusedError(_BUILTIN, "`trap` is understood for the usual signals, EXIT and ERR only")


def _check_unset(words: Sequence[Word], scope: Scope) -> None:
    for word in read_options(words, "v").operands:
        found = _ELEMENT.fullmatch(word.text or "")
        if found is None:
            raise RefusedError(
                _ASSIGNMENT, "`unset` evaluates a subscript; it is understood for plain names only"
            )
        check_name(found[1], posix=scope.posix)
        if found[1] in scope.functions:
            raise RefusedError(_ASSIGNMENT, f"`unset` can make the function `{found[1]}` another command")


def _check_wait(words: Sequence[Word], scope: Scope) -> None:
    arguments = read_options(words, "nf", "p")
    for word in arguments.values("p"):
        _check_target(word, scope)
    _check_operands(words, arguments, scope)


def _check_target(word: Word, scope: Scope) -> None:
    """The name of a variable that a built-in sets; a subscript in it would be evaluated."""
    if word.text is None or IDENTIFIER.fullmatch(word.text) is None:
        raise RefusedError(_ASSIGNMENT, "the variable to be set has to be a plain name that is written out")
    check_name(word.text, posix=scope.posix)


def _check_values(words: Sequence[Word], arguments: Arguments) -> None:
    for letter, value in arguments.options:
        if value is not None and not value.single:
            raise RefusedError(
                _BUILTIN,
                f"the value of `-{letter}` of `{words[0].text}` can become other words",
                "it in double quotes",
            )


def _check_operands(words: Sequence[Word], arguments: Arguments, scope: Scope) -> None:
    """Refuse operands that could turn out to be options."""
    if arguments.ended:
        return
    gone = True  # all before may be nothing at all
    for word in arguments.operands:
        plain = scope.harmless_number(word) or scope.trusted(word)
        if gone and not (plain or _begins_otherwise(word, "-", scope)):
            raise RefusedError(
                _BUILTIN,
                f"an argument of `{words[0].text}` is computed when it runs and could be an option",
                f"`{words[0].text} -- …`",
            )
        gone = gone and word.splits


def _begins_otherwise(word: Word, character: str, scope: Scope) -> bool:
    """Whether the value is sure not to begin with a character."""
    if word.text is not None:
        return not word.text.startswith(character)
    return bool(word.prefix and word.prefix[0] != character) or (
        character == "(" and scope.harmless_number(word)
    )


Check = Callable[[Sequence[Word], Scope], None]
#: None stands for those that evaluate none of their arguments and set no variable that they name.
BUILTINS: Final[dict[str, Check | None]] = {
    **dict.fromkeys(
        (":", "bg", "break", "caller", "cd", "continue", "dirs", "disown", "echo", "exit", "false")
    ),
    **dict.fromkeys(("fg", "help", "kill", "logout", "popd", "pushd", "pwd", "return", "shift", "suspend")),
    **dict.fromkeys(("times", "true", "type", "ulimit", "umask")),
    # What these run is judged by itself.
    **dict.fromkeys((".", "builtin", "command", "eval", "exec", "source")),
    "[": _check_brackets,
    "getopts": _check_getopts,
    "hash": _check_hash,
    "history": _check_history,
    "jobs": _check_jobs,
    "let": _check_let,
    "printf": _check_printf,
    "read": _check_read,
    "set": _check_set,
    "shopt": _check_shopt,
    "test": _check_test,
    "trap": _check_trap,
    "unset": _check_unset,
    "wait": _check_wait,
    **dict.fromkeys(("declare", "export", "local", "readonly", "typeset"), _check_declaration),
    **dict.fromkeys(("mapfile", "readarray"), _check_mapfile),
    **dict.fromkeys(_REFUSED, _refuse),
}
