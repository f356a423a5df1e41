"""The programs whose arguments hold another command: their tables of options, and what is found in them."""

import re
from collections.abc import Callable, Sequence
from typing import Final

from hyperhive.domain.bash.commands.arguments import (
    APPENDED,
    Given,
    Inner,
    InnerCommand,
    InnerOutput,
    InnerScript,
    OptionReader,
    Options,
    Trusts,
    is_embedded,
    leading_assignments,
    names,
    program_name,
    rewritten,
    settled,
    static_text,
    uncertain,
)
from hyperhive.domain.bash.commands.find import find, is_path, placed
from hyperhive.domain.bash.commands.shells import evaluated, interpreted, script_option, trapped
from hyperhive.domain.bash.printing.printer import shown
from hyperhive.domain.bash.script import SimpleCommand, Word, literal_word

_SHELLS: Final = ("bash", "rbash", "sh", "dash", "ash")
_NUMBER: Final = "[0-9]+"

# Programs whose inner command follows their own options and operands.
_PLAIN: Final = {
    "builtin": Options(),
    "busybox": Options(),
    "toybox": Options(),
    "chrt": Options(flags="fribov", operands=(_NUMBER,)),
    "command": Options(flags="pvV"),
    "doas": Options(flags="n", valued="u"),
    "env": Options(
        flags="i0v",
        valued="uC",
        long_flags="--ignore-environment --null --debug --list-signal-handling",
        long_valued="--unset --chdir",
        long_optional="--block-signal --default-signal --ignore-signal",
        moves="-C --chdir",
        dash=True,
        assigns=True,
    ),
    "exec": Options(flags="c"),  # with -a and -l a program of many names, or a shell, does something else
    "ionice": Options(flags="t", valued="cn", long_flags="--ignore", long_valued="--class --classdata"),
    "nice": Options(valued="n", long_valued="--adjustment", numeric=True),
    "nohup": Options(),
    "nsenter": Options(  # another mount namespace has other programs
        flags="FZ",
        valued="tSG",
        optional="uinpCUT",
        long_flags="--no-fork --uts --ipc --net --pid --cgroup --user --time",
        long_valued="--target --setuid --setgid",
        starts_shell=True,
    ),
    "setsid": Options(flags="cfw", long_flags="--ctty --fork --wait"),
    "stdbuf": Options(valued="ioe", long_valued="--input --output --error"),
    "strace": Options(
        flags="cCdDfFhiknqrtTvVwxyYzZ",
        valued="abeIoOpPsSuUX",
        long_flags="--follow-forks",
        long_valued="--output --trace --string-limit",
        outputs="-o --output",
    ),
    "sudo": Options(
        flags="AbEHknPSB",
        valued="CDgpTu",
        long_flags="--askpass --background --set-home --non-interactive",
        long_valued="--chdir --group --prompt --user --close-from --command-timeout",
        long_optional="--preserve-env",
        moves="-D --chdir",
        assigns=True,
    ),
    "taskset": Options(flags="ac", long_flags="--all-tasks --cpu-list", operands=("[0-9a-fA-Fx,:-]+",)),
    "time": Options(flags="p", needless="v"),  # the word of the shell
    "timeout": Options(
        flags="fpv",
        valued="ks",
        long_flags="--foreground --preserve-status --verbose",
        long_valued="--kill-after --signal",
        operands=("[0-9.]+[smhd]?",),
    ),
    "unshare": Options(
        flags="mpfniuCUTrc",
        valued="SGw",
        long_flags="--mount --pid --fork --net --ipc --uts --cgroup --user --time --map-root-user",
        long_valued="--setuid --setgid --wd --propagation",
        moves="-w --wd",
        starts_shell=True,
    ),
}
_KEYWORD_OPTIONS: Final[tuple[list[str], ...]] = ([], ["-p"], ["--"], ["-p", "--"])
_TIME: Final = Options(
    flags="apqv",
    valued="fo",
    long_flags="--append --portability --quiet --verbose",
    long_valued="--format --output",
    outputs="-o --output",
)
_XARGS: Final = Options(
    flags="0rtxpo",
    valued="dEILnPsa",
    optional="i",
    long_flags="--null --no-run-if-empty --verbose --exit --interactive --open-tty --show-limits",
    long_valued="--delimiter --max-args --max-procs --max-chars --arg-file",
    long_optional="--replace",
)
_WATCH: Final = Options(
    flags="btegcxpw",
    valued="nq",
    optional="d",
    long_flags="--beep --no-title --differences --errexit --chgexit --color --exec --precise --no-wrap",
    long_valued="--interval --equexit",
)
_FLOCK: Final = Options(
    flags="sexnuoFv",
    valued="wE",
    long_flags="--shared --exclusive --nonblock --unlock --close --no-fork --verbose",
    long_valued="--timeout --conflict-exit-code",
    operands=(".+",),
)
_SCRIPT: Final = Options(
    flags="aefq",
    valued="cOBIT",
    long_flags="--append --return --flush --force --quiet",
    long_valued="--command --log-out --log-io --log-in --log-timing",
    outputs="-O -B -I -T --log-out --log-io --log-in --log-timing",
)
_LOGS: Final = frozenset({"-O", "-B", "-I", "--log-out", "--log-io", "--log-in"})
_SU: Final = Options(flags="mp", valued="c", long_flags="--preserve-environment", long_valued="--command")
_SORT: Final = Options(
    flags="bcCdfghiMmnRrsuVz",
    valued="kotST",
    long_flags="--debug --dictionary-order --general-numeric-sort --human-numeric-sort --ignore-case "
    "--ignore-leading-blanks --ignore-nonprinting --merge --month-sort --numeric-sort --random-sort "
    "--reverse --stable --unique --version-sort --zero-terminated",
    long_valued="--batch-size --buffer-size --compress-program --field-separator --files0-from --key "
    "--output --parallel --random-source --sort --temporary-directory",
    long_optional="--check",
    outputs="-o --output",
)


def _plain(words: Sequence[Word], trusts: Trusts) -> list[Inner]:
    called = words[0].text or ""
    name = program_name(called)
    options = _PLAIN[name] if name != "time" or called == name else _TIME
    reader = OptionReader(words, options, trusts)
    reader.read()
    if called == "time" and [word.text for word in words[1 : reader.index]] not in _KEYWORD_OPTIONS:
        raise uncertain(name, "the shell knows `-p` and `--`, in this order")
    if name == "command" and not reader.seen.isdisjoint({"-v", "-V"}):
        return []
    found = reader.outputs()
    if name == "strace" and any(_could_be_piped(option.value) for option in reader.value("-o", "--output")):
        raise uncertain(name, "its output could go to another command")
    assignments = leading_assignments(words, reader.index) if options.assigns else ()
    start = reader.index + len(assignments)
    if start >= len(words):
        if options.starts_shell:
            raise uncertain(name, "without a command it starts a shell")
        return found
    moves = not reader.seen.isdisjoint(names(options.moves))
    command = InnerCommand(start, len(words), tuple(words[start:]), assignments, moves, called == "time")
    return [*found, command]


def _could_be_piped(word: Word | None) -> bool:
    return word is None or word.prefix[:1] in ("", "|", "!")


def _env(words: Sequence[Word], trusts: Trusts) -> list[Inner]:
    for index, word in enumerate(words[1:], 1):
        text = word.text or ""
        if not text.startswith("-"):
            break
        if text.startswith(("-S", "--split-string")):
            raise uncertain("env", "`-S` makes words of a text", _split_string(words, index))
    return _plain(words, trusts)


def _split_string(words: Sequence[Word], index: int) -> SimpleCommand | None:
    text = (words[index].text or "").removeprefix("-S").removeprefix("--split-string").removeprefix("=")
    rest = words[index + 1 :]
    if not text and rest:
        text, rest = rest[0].text or "", rest[1:]
    if _PLAIN_TEXT.fullmatch(text) is None:
        return None
    return rewritten([*words[:index], *map(literal_word, text.split()), *rest])


def _xargs(words: Sequence[Word], trusts: Trusts) -> list[Inner]:
    reader = OptionReader(words, _XARGS, trusts)
    reader.read()
    if reader.value("-i", "--replace"):
        given = reader.value("-i", "--replace")[0]
        plain = words[given.index].text in ("-i", "--replace")
        better = [*words[: given.index], literal_word("-I{}"), *words[given.index + 1 :]]
        raise uncertain("xargs", "what `-i` replaces is not plain", rewritten(better) if plain else None)
    inner = tuple(words[reader.index :]) or (literal_word("echo"),)
    replaced = reader.value("-I")
    if not replaced:
        return [InnerCommand(reader.index, len(words), (*inner, APPENDED))]
    counted = reader.value("-n", "-L", "--max-args")
    if counted:
        raise uncertain("xargs", f"`-I` and `{counted[0].name}` exclude each other", _dropped(words, counted))
    texts = {given.value.text for given in replaced if given.value is not None}
    placeholder = texts.pop()
    if texts or not placeholder:
        raise uncertain("xargs", "what `-I` replaces is not plain")
    return [InnerCommand(reader.index, len(words), placed(inner, placeholder))]


def _dropped(words: Sequence[Word], options: Sequence[Given]) -> SimpleCommand | None:
    """The words without these options; None where one is in a cluster."""
    gone: set[int] = set()
    for given in options:
        if not words[given.index].prefix.startswith(given.name):
            return None
        after = given.index + 1
        apart = after < len(words) and words[after] is given.value
        gone |= {given.index, after} if apart else {given.index}
    return rewritten([word for index, word in enumerate(words) if index not in gone])


def _watch(words: Sequence[Word], trusts: Trusts) -> list[Inner]:
    reader = OptionReader(words, _WATCH, trusts)
    reader.read()
    start, end = reader.index, len(words)
    if start >= end:
        return []
    if not reader.seen.isdisjoint({"-x", "--exec"}):
        return [InnerCommand(start, end, tuple(words[start:]))]
    for word in words[start:]:
        if not is_embedded(word):
            static_text(word)
    return [InnerScript(start, end, posix=True)]


def _flock(words: Sequence[Word], trusts: Trusts) -> list[Inner]:
    reader = OptionReader(words, _FLOCK, trusts)
    reader.read()
    start = reader.index
    lock = words[start - 1]
    if start >= len(words):
        if lock.text is None or not lock.text.isdecimal():
            raise uncertain("flock", "without a command it takes the number of a descriptor")
        return []
    if words[start].text not in ("-c", "--command"):
        return [InnerOutput(lock), InnerCommand(start, len(words), tuple(words[start:]))]
    if len(words) != start + 2:
        raise uncertain("flock", "-c takes exactly one argument")
    if not is_embedded(words[-1]):
        static_text(words[-1])
    return [InnerOutput(lock), InnerScript(start + 1, start + 2, posix=True)]


def _script(words: Sequence[Word], trusts: Trusts) -> list[Inner]:
    reader = OptionReader(words, _SCRIPT, trusts)
    files = reader.read_mixed()
    script = script_option(words, reader)
    if len(files) > 1 or not all(settled(words[index], trusts) for index in files):
        raise uncertain("script", "it takes one file")
    outputs = [InnerOutput(words[index]) for index in files]
    if not outputs and _LOGS.isdisjoint(reader.seen):
        outputs = [InnerOutput(literal_word("typescript"))]
    return [*reader.outputs(), *outputs, script]


def _su(words: Sequence[Word], trusts: Trusts) -> list[Inner]:
    reader = OptionReader(words, _SU, trusts)
    users = reader.read_mixed()
    script = script_option(words, reader)
    texts = [words[index].text for index in users]
    if len(texts) > 1 or None in texts or "-" in texts:
        raise uncertain("su", "it takes one user, and `-` would read a profile")
    return [script]


def _sort(words: Sequence[Word], trusts: Trusts) -> list[Inner]:
    reader = OptionReader(words, _SORT, trusts)
    files = reader.read_mixed()
    for index in files:
        word = words[index]
        if index < reader.end and not (word.text is not None or is_path(word) or trusts(word)):
            options = [words[other] for other in range(1, reader.end) if other not in files]
            operands = [words[other] for other in files]
            better = rewritten([words[0], *options, literal_word("--"), *operands])
            raise uncertain("sort", f"`{shown(word)}` could be an option", better)
    found = reader.outputs()
    for given in reader.value("--compress-program"):
        if given.value is not None:
            for more in ((), (literal_word("-d"),)):
                found.append(InnerCommand(given.index, given.index, (given.value, *more)))
    return found


_PLAIN_TEXT: Final = re.compile(r"[A-Za-z0-9_./:@%+,= -]+")
RUNNERS: Final[dict[str, Callable[[Sequence[Word], Trusts], list[Inner]]]] = {
    **dict.fromkeys(_PLAIN, _plain),
    **dict.fromkeys(_SHELLS, interpreted),
    "env": _env,
    "eval": evaluated,
    "find": find,
    "flock": _flock,
    "script": _script,
    "sort": _sort,
    "su": _su,
    "trap": trapped,
    "watch": _watch,
    "xargs": _xargs,
}
