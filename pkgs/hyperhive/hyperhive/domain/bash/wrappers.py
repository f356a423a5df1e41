"""Programs that run another command given in their arguments, and which command that is.

An option that is not listed here makes the inner command uncertain, which is a refusal with the rule
`wrapper`; so is a word that decides which command runs and is known only when it does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from hyperhive.domain.bash.script import RefusedError, Word, computed_word, literal_word


@dataclass(frozen=True, slots=True)
class InnerCommand:
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class InnerScript:
    """A command line for a shell; `posix` where that shell need not be Bash."""

    text: str
    posix: bool


Inner = InnerCommand | InnerScript


@dataclass(frozen=True, slots=True)
class Options:
    #: Short options without a value.
    flags: str = ""
    #: Short options with a value, attached or in the next word.
    valued: str = ""
    #: Long options without a value, separated by blanks.
    long_flags: str = ""
    #: Long options with a value, attached by `=` or in the next word.
    long_valued: str = ""
    #: How many operands of its own precede the inner command.
    operands: int = 0
    #: A lone `-` is an option.
    dash: bool = False
    #: `-5` is an option.
    numeric: bool = False
    #: Options may also begin with `+`.
    plus: bool = False


# Nothing but an exact pattern lets these through: how they find their command is beyond a table.
_OPAQUE: Final = frozenset(
    {".", "at", "batch", "bwrap", "capsh", "chronic", "csh", "dbus-run-session", "dumb-init", "eatmydata"}
    | {"entr", "expect", "fakeroot", "firejail", "fish", "gdb", "gosu", "ifne", "ksh", "linux32", "linux64"}
    | {"lldb", "ltrace", "mksh", "numactl", "parallel", "pee", "perf", "pkexec", "prlimit", "proot"}
    | {"proxychains", "rlwrap", "run-parts", "runuser", "screen", "sem", "setarch", "setpriv", "source"}
    | {"ssh-agent", "start-stop-daemon", "su-exec", "systemd-run", "tcsh", "tini", "tmux", "torsocks"}
    | {"unbuffer", "valgrind", "watchexec", "xvfb-run", "zsh"}
)
_SHELLS: Final = frozenset({"bash", "rbash", "sh", "dash", "ash"})
_SHELL_OPTIONS: Final = Options(
    flags="ceuxvf", valued="o", long_flags="--norc --noprofile --posix", plus=True
)
_SHELL_SETTINGS: Final = frozenset({"errexit", "nounset", "pipefail", "verbose", "xtrace"})

# Options of programs whose inner command follows their own operands.
_PLAIN: Final = {
    "builtin": Options(),
    "busybox": Options(),
    "toybox": Options(),
    "chroot": Options(long_flags="--skip-chdir", long_valued="--userspec --groups", operands=1),
    "chrt": Options(flags="fribov", operands=1),
    "command": Options(flags="p"),
    "doas": Options(flags="n", valued="u"),
    "env": Options(
        flags="i0v",
        valued="uC",
        long_flags="--ignore-environment --null --debug",
        long_valued="--unset --chdir",
        dash=True,
    ),
    "exec": Options(flags="cl"),  # -a is left out: a program of many names does what its argv[0] says
    "ionice": Options(flags="t", valued="cn", long_flags="--ignore", long_valued="--class --classdata"),
    "nice": Options(valued="n", long_valued="--adjustment", numeric=True),
    "nohup": Options(),
    "nsenter": Options(
        flags="aFZ",
        valued="tSG",
        long_flags="--all --no-fork --mount --uts --ipc --net --pid --cgroup --user --time",
        long_valued="--target --setuid --setgid",
    ),
    "setsid": Options(flags="cfw", long_flags="--ctty --fork --wait"),
    "stdbuf": Options(valued="ioe", long_valued="--input --output --error"),
    "strace": Options(
        flags="cCdDfFhiknqrtTvVwxyYzZ",
        valued="abeIoOpPsSuUX",
        long_flags="--follow-forks",
    ),
    "sudo": Options(
        flags="AbEHknPSB",
        valued="CDgpRTu",
        long_flags="--askpass --background --preserve-env --set-home --non-interactive",
        long_valued="--chdir --group --prompt --user --close-from --command-timeout",
    ),
    "taskset": Options(flags="ac", long_flags="--all-tasks --cpu-list", operands=1),
    "time": Options(flags="p"),
    "timeout": Options(
        flags="v",
        valued="ks",
        long_flags="--foreground --preserve-status --verbose",
        long_valued="--kill-after --signal",
        operands=1,
    ),
    "unshare": Options(
        flags="mpfniuCUTrc",
        valued="SGRw",
        long_flags="--mount --pid --fork --net --ipc --uts --cgroup --user --time --map-root-user",
        long_valued="--setuid --setgid --root --wd --propagation",
    ),
}
_STARTS_SHELL: Final = frozenset({"chroot", "nsenter", "unshare"})
_QUERIES: Final = frozenset({"-v", "-V"})
_XARGS: Final = Options(
    flags="0rtxpo",
    valued="dEILnPsa",
    long_flags="--null --no-run-if-empty --verbose --exit --interactive --open-tty",
    long_valued="--delimiter --max-args --max-procs --max-chars --arg-file",
)
_WATCH: Final = Options(
    flags="btdegcxpw",
    valued="nq",
    long_flags="--beep --no-title --differences --errexit --chgexit --color --exec --precise --no-wrap",
    long_valued="--interval --equexit",
)
_FLOCK: Final = Options(
    flags="sexnuoFv",
    valued="wE",
    long_flags="--shared --exclusive --nonblock --unlock --close --no-fork --verbose",
    long_valued="--timeout --conflict-exit-code",
    operands=1,
)
_PATHS: Final = ("$HOME", "$PWD", "${HOME}", "${PWD}")  # always absolute
_FIND_EXEC: Final = frozenset({"-exec", "-execdir", "-ok", "-okdir"})


def program_name(name: str) -> str:
    """The name that decides how a program reads its arguments."""
    return name.rpartition("/")[2]


def inner_commands(words: Sequence[Word]) -> list[Inner]:
    """What a command, whose name is literal, starts besides itself: nothing, for most programs."""
    name = program_name(words[0].text or "")
    if name in _OPAQUE:
        raise _uncertain(name, "only a pattern that is exactly the whole command allows it")
    special = _SPECIAL.get(name)
    if special is not None:
        return special(words)
    options = _PLAIN.get(name)
    return [] if options is None else _plain(words, name, options)


def _uncertain(name: str, why: str) -> RefusedError:
    return RefusedError("wrapper", f"what `{name}` would run is not certain: {why}")


def _plain(words: Sequence[Word], name: str, options: Options) -> list[Inner]:
    if name == "command" and len(words) > 1 and words[1].text in _QUERIES:
        return []
    index, seen = operand_index(words, options)
    inner = tuple(words[index:])
    if name == "strace" and seen.get("o", "").startswith(("|", "!")):
        raise _uncertain(name, "its output goes to another command")
    if not inner:
        if name in _STARTS_SHELL:
            raise _uncertain(name, "without a command it starts a shell")
        return []
    if name in ("env", "sudo") and "=" in (inner[0].text or ""):
        raise RefusedError("assignment", f"`{inner[0].shown}` can change what an allowed program runs")
    return [InnerCommand(inner)]


def _shell(words: Sequence[Word]) -> list[Inner]:
    name = program_name(words[0].text or "")
    index, seen = operand_index(words, _SHELL_OPTIONS)
    if index >= len(words):
        raise _uncertain(name, "it reads commands from its input")
    if seen.get("o", "pipefail") not in _SHELL_SETTINGS:
        raise _uncertain(name, f"the option `-o {seen['o']}` is not known here")
    text = static_text(words[index])
    if "c" in seen:
        return [InnerScript(text, posix=name not in ("bash", "rbash"))]
    if text == "-" or text.startswith(("/dev/", "/proc/")):
        raise _uncertain(name, "it reads commands from its input")
    path = text if "/" in text else f"./{text}"
    return [InnerCommand((literal_word(path), *words[index + 1 :]))]


def _eval(words: Sequence[Word]) -> list[Inner]:
    rest = words[2:] if len(words) > 1 and words[1].text == "--" else words[1:]
    return [InnerScript(" ".join(static_text(word) for word in rest), posix=False)] if rest else []


def _xargs(words: Sequence[Word]) -> list[Inner]:
    index, seen = operand_index(words, _XARGS)
    inner = list(words[index:]) or [literal_word("echo")]
    replaced = seen.get("I")
    if replaced is None:
        return [InnerCommand((*inner, computed_word("{}")))]
    command = (computed_word(word.shown) if replaced in word.shown else word for word in inner)
    return [InnerCommand(tuple(command))]


def _find(words: Sequence[Word]) -> list[Inner]:
    inner: list[Inner] = []
    arguments = [_find_word(word) for word in words[1:]]
    index = 0
    while index < len(arguments):
        if arguments[index].text not in _FIND_EXEC:
            index += 1
            continue
        begin = index = index + 1
        while index < len(arguments) and not _find_ends(arguments, begin, index):
            index += 1
        if index >= len(arguments) or index == begin:
            raise _uncertain("find", "-exec has no command or no end")
        command = arguments[begin:index]
        inner.append(InnerCommand(tuple(_placeholder(word) for word in command)))
    return inner


def _find_ends(arguments: Sequence[Word], begin: int, index: int) -> bool:
    text = arguments[index].text
    return text == ";" or (text == "+" and index > begin and arguments[index - 1].text == "{}")


def _placeholder(word: Word) -> Word:
    return computed_word(word.shown) if word.text is None or "{}" in word.text else word


def _find_word(word: Word) -> Word:
    """Refuse an argument that could turn into `-exec`, or into the `;` behind it."""
    if word.text is not None or (word.single and word.shown.startswith(_PATHS)):
        return word
    if word.splits or not word.prefix or word.prefix[0] in "-(!),;+{":
        raise _uncertain("find", f"`{word.shown}` could become an action")
    return word


def _watch(words: Sequence[Word]) -> list[Inner]:
    index, seen = operand_index(words, _WATCH)
    inner = tuple(words[index:])
    if "x" in seen or "--exec" in seen:
        return [InnerCommand(inner)] if inner else []
    return [InnerScript(" ".join(static_text(word) for word in inner), posix=True)]


def _flock(words: Sequence[Word]) -> list[Inner]:
    index, _ = operand_index(words, _FLOCK)
    inner = tuple(words[index:])
    if inner and inner[0].text in ("-c", "--command"):
        if len(inner) != 2:
            raise _uncertain("flock", "-c takes exactly one argument")
        return [InnerScript(static_text(inner[1]), posix=True)]
    return [InnerCommand(inner)] if inner else []


def _with_script(words: Sequence[Word]) -> list[Inner]:
    """`su` and `script` take `-c SCRIPT` anywhere among their arguments."""
    name = program_name(words[0].text or "")
    flags = _WITH_SCRIPT[name]
    scripts: list[Inner] = []
    pending = list(words[1:])
    while pending:
        text = static_text(pending.pop(0))
        if text in ("-c", "--command") and pending:
            scripts.append(InnerScript(static_text(pending.pop(0)), posix=True))
        elif text.startswith("-") and text not in flags:
            raise _uncertain(name, f"the option `{text}` is not known here")
    if len(scripts) != 1:
        raise _uncertain(name, "it does not name exactly one command")
    return scripts


_WITH_SCRIPT: Final = {"su": frozenset({"-m", "-p"}), "script": frozenset({"-q", "-e", "-a", "-f"})}
_SPECIAL: Final[dict[str, Callable[[Sequence[Word]], list[Inner]]]] = {
    **dict.fromkeys(_SHELLS, _shell),
    "eval": _eval,
    "find": _find,
    "flock": _flock,
    "script": _with_script,
    "su": _with_script,
    "watch": _watch,
    "xargs": _xargs,
}


def static_text(word: Word) -> str:
    if word.text is None:
        raise RefusedError(
            "wrapper", f"`{word.shown}` is computed when it runs and decides which command runs"
        )
    return word.text


def operand_index(words: Sequence[Word], options: Options) -> tuple[int, dict[str, str]]:
    """Skip a program's options and own operands.

    Returns the index of the inner command's first word, and the options seen with their literal values.
    """
    name = words[0].shown
    seen: dict[str, str] = {}
    index = 1
    while index < len(words):
        text = static_text(words[index])
        if text == "--":
            index += 1
            break
        if not _is_option(text, options):
            break
        index = _skip_option(words, index, text, options, seen)
    for word in words[index : index + options.operands]:
        static_text(word)
    if index > len(words):
        raise RefusedError("wrapper", f"an option of `{name}` has no value")
    return index + options.operands, seen


def _is_option(text: str, options: Options) -> bool:
    if text == "-":
        return options.dash
    return text.startswith("-") or (options.plus and text.startswith("+"))


def _skip_option(words: Sequence[Word], index: int, text: str, options: Options, seen: dict[str, str]) -> int:
    """The index behind the option and its value."""
    if text == "-" or (options.numeric and text[1:].isdigit()):
        return index + 1
    if text.startswith("--"):
        option, attached, value = text.partition("=")
        if option in options.long_flags.split() and not attached:
            seen[option] = ""
            return index + 1
        if option in options.long_valued.split():
            seen[option] = value if attached else _value(words, index + 1)
            return index + (1 if attached else 2)
    else:
        for place, letter in enumerate(text[1:], start=2):
            if letter in options.valued:
                attached_value = text[place:]
                seen[letter] = attached_value or _value(words, index + 1)
                return index + (1 if attached_value else 2)
            if letter not in options.flags:
                break
            seen[letter] = ""
        else:
            return index + 1
    raise RefusedError("wrapper", f"the option `{text}` of `{words[0].shown}` is not known here")


def _value(words: Sequence[Word], index: int) -> str:
    return static_text(words[index]) if index < len(words) else ""
