"""Shell built-ins that need more than a pattern, the few that need none, and conditions.

Bash evaluates the text of arithmetic operands and of `-v` names, and `a[$(command)]` there runs the command:
`[ … ]`, `[[ … ]]` and `test` are refused where evaluating one could do that.
"""

import re
from collections.abc import Sequence
from typing import Final

from hyperhive.domain.bash.script import RefusedError, UnparsableError, Word

# They start nothing, read nothing and change nothing that a later command could notice.
HARMLESS: Final = frozenset({":", "[", "break", "continue", "exit", "false", "return", "set", "test", "true"})
_ASSIGNING: Final = frozenset(
    {"declare", "export", "getopts", "let", "local", "readonly", "typeset", "unset"}
)
_RENAMING: Final = frozenset(
    {"alias", "bind", "compgen", "complete", "compopt", "enable", "fc", "hash", "shopt", "trap", "unalias"}
)
_SET_FLAGS: Final = re.compile(r"[-+][euxvC]*o?")
_SET_OPTIONS: Final = frozenset({"errexit", "noclobber", "nounset", "pipefail", "verbose", "xtrace"})
_STORES_COUNT: Final = re.compile(r"%[^A-Za-z%]*n")
_FLAGS: Final = {"read": {"-r", "-s", "-e", "-a", "-ra"}, "mapfile": {"-t"}, "readarray": {"-t"}}
_VALUED: Final = {"read": re.compile(r"-r?[dnNtpu]"), "mapfile": re.compile(r"-[dnOsu]")}
_HARMLESS_NAME: Final = re.compile(r"(?!npm_|histchars$|auto_resume$|.*_proxy$)[a-z][A-Za-z0-9_]*")

_UNARY: Final = frozenset(f"-{letter}" for letter in "abcdefghknoprstuwxzGLNOS")
_ARITHMETIC: Final = frozenset({"-eq", "-ne", "-lt", "-le", "-gt", "-ge"})
_BINARY: Final = _ARITHMETIC | {"=", "==", "!=", "-nt", "-ot", "-ef", "<", ">"}
_NAME_TESTS: Final = frozenset({"-v", "-R"})
_NUMBER: Final = re.compile(r"[+-]?[0-9]+")
_NUMERIC: Final = frozenset({"$?", "$#", "$$", "$!"})
_CONDITION: Final = "condition"


def harmless_name(name: str) -> bool:
    """Whether a loop or `read` may set this variable: none that a program could look for."""
    return _HARMLESS_NAME.fullmatch(name) is not None


def check_builtin(words: Sequence[Word]) -> None:
    """Refuse a built-in that changes what later commands mean, or that evaluates its arguments.

    Its name is literal; the rule is `assignment`, `builtin` or `condition`.
    """
    name, arguments = words[0].text or "", words[1:]
    if name in _ASSIGNING:
        raise RefusedError(
            "assignment", f"`{name}` sets variables that can change what an allowed program runs"
        )
    if name in _RENAMING:
        raise RefusedError("builtin", f"`{name}` can change what later commands mean")
    match name:
        case "test":
            check_test(arguments)
        case "[":
            check_test(arguments[:-1])
        case "set":
            _check_set(arguments)
        case "read" | "mapfile" | "readarray":
            _check_names(name, arguments)
        case "printf":
            _check_printf(arguments)
        case "wait" | "jobs":
            _check_jobs(name, arguments)


def _check_set(arguments: Sequence[Word]) -> None:
    pending = [word.text or "" for word in arguments]
    if not pending:
        raise RefusedError("builtin", "`set` alone prints every variable")
    while pending:
        flags = pending.pop(0)
        option = pending.pop(0) if flags.endswith("o") and pending else "pipefail"
        if _SET_FLAGS.fullmatch(flags) is None or option not in _SET_OPTIONS:
            raise RefusedError("builtin", "`set` is allowed for -e, -u, -x, -v, -C and -o pipefail only")


def _check_names(name: str, arguments: Sequence[Word]) -> None:
    """Allow variables that no program looks for; a subscript in a name would be evaluated."""
    valued = _VALUED.get(name, _VALUED["mapfile"])
    pending = list(arguments)
    while pending:
        text = pending.pop(0).text
        if text is None:
            raise RefusedError("builtin", f"an argument of `{name}` is computed when it runs")
        if text in _FLAGS[name]:
            continue
        if valued.fullmatch(text) and pending and pending[0].single:
            pending.pop(0)
        elif not harmless_name(text):
            raise RefusedError(
                "assignment", f"`{name}` may set plain lower-case variables only, not `{text}`"
            )


def _check_printf(arguments: Sequence[Word]) -> None:
    """Refuse `-v NAME` and `%n`, which set a variable, and formats that could hold them."""
    if not arguments:
        return
    form = arguments[1] if arguments[0].text == "--" and len(arguments) > 1 else arguments[0]
    if form.text is None and (len(arguments) > 1 or not form.prefix or not form.single):
        raise RefusedError(
            "builtin", "the format of `printf` is computed when it runs and could set a variable"
        )
    text = form.text or form.prefix
    if (form is arguments[0] and text.startswith("-v")) or _STORES_COUNT.search(text):
        raise RefusedError("assignment", "`printf` with -v or %n sets a variable")


def _check_jobs(name: str, arguments: Sequence[Word]) -> None:
    """Refuse `wait -p NAME`, which sets a variable, and `jobs -x COMMAND`."""
    for word in arguments:
        text = word.text or ""
        if word.shown != "$!" and (not text or text.startswith(("-p", "-x", "-np", "-fp"))):
            raise RefusedError("builtin", f"an argument of `{name}` could set a variable or run a command")


def check_test(words: Sequence[Word]) -> None:
    """Refuse arguments of `[` or `test` that could turn into `-v NAME`, whose subscript is evaluated."""
    if any(not word.single and word.shown not in _NUMERIC for word in words):
        raise RefusedError(
            _CONDITION, "an unquoted expansion in a condition can become other words; quote it"
        )
    operands = list(words)
    if len(operands) > 1 and operands[0].text == "!":
        operands.pop(0)
    if len(operands) <= 1:
        return
    if len(operands) == 2 and operands[0].text in _UNARY:
        return
    if len(operands) == 3 and operands[1].text in _BINARY:
        return
    if any(word.text is None or word.text in _NAME_TESTS for word in operands):
        raise RefusedError(
            _CONDITION, "a condition is not one of the simple forms that cannot evaluate its operands"
        )


def check_double_brackets(words: Sequence[Word | str]) -> None:
    """Refuse what `[[ … ]]` would evaluate as arithmetic unless it is a number, and `-v NAME`."""
    texts = [word if isinstance(word, str) else word.text for word in words]
    matches = any(isinstance(word, Word) and word.shown == "=~" for word in words)
    if "]]" in texts or (matches and "(" in texts):
        raise UnparsableError("a `[[` condition could not be read")
    if not _NAME_TESTS.isdisjoint(texts):
        raise RefusedError(_CONDITION, "`-v` and `-R` evaluate the subscript of the name they are given")
    for index, text in enumerate(texts):
        if text in _ARITHMETIC:
            around = (*words[max(0, index - 1) : index], *words[index + 1 : index + 2])
            if not all(isinstance(word, Word) and _is_number(word) for word in around):
                reason = f"`[[ … {text} … ]]` evaluates its operands as arithmetic; use `[ … {text} … ]`"
                raise RefusedError(_CONDITION, reason)


def _is_number(word: Word) -> bool:
    return word.shown in _NUMERIC or (word.text is not None and _NUMBER.fullmatch(word.text) is not None)
