"""Names of variables: which of them a line may set, and which Bash keeps a number in."""

import re
from typing import Final

from hyperhive.domain.bash.script import RefusedError

IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# Bash gives them a value by itself while a script runs, and it is a number; no assignment makes it another.
NUMBERS: Final = frozenset(
    {"BASHPID", "BASH_MONOSECONDS", "BASH_SUBSHELL", "EPOCHSECONDS", "EUID", "HISTCMD", "LINENO", "OPTIND"}
    | {"PIPESTATUS", "PPID", "RANDOM", "SECONDS", "SRANDOM", "UID"}
)
# Bash gives them a value by itself, and the line can have a say in it.
_COMPUTED: Final = frozenset(
    {"_", "COPROC", "COPROC_PID", "DIRSTACK", "EPOCHREALTIME", "FUNCNAME", "GROUPS", "LINES", "COLUMNS"}
    | {"MAPFILE", "OLDPWD", "OPTARG", "PWD", "REPLY"}
)
# The other variables of the manual of Bash 5.3, and a few that its C library or readline reads.
_READ_BY_BASH: Final = frozenset(
    {"CDPATH", "CHILD_MAX", "EMACS", "ENV", "EXECIGNORE", "FCEDIT", "FIGNORE", "FUNCNEST", "GLOBIGNORE"}
    | {"GLOBSORT", "HISTCONTROL", "HISTFILE", "HISTFILESIZE", "HISTIGNORE", "HISTSIZE", "HISTTIMEFORMAT"}
    | {"HOME", "HOSTFILE", "HOSTNAME", "HOSTTYPE", "IFS", "IGNOREEOF", "INPUTRC", "INSIDE_EMACS", "LANG"}
    | {"LANGUAGE", "LOCPATH", "MACHTYPE", "MAIL", "MAILCHECK", "MAILPATH", "NLSPATH", "OPTERR", "OSTYPE"}
    | {"PATH", "POSIXLY_CORRECT", "POSIX_PEDANTIC", "PROMPT_COMMAND", "PROMPT_DIRTRIM", "SHELL", "SHELLOPTS"}
    | {"SHLVL", "TERM", "TERMCAP", "TERMINFO", "TEXTDOMAIN", "TEXTDOMAINDIR", "TIMEFORMAT", "TMOUT", "TMPDIR"}
    | {"TZ", "auto_resume", "histchars", "ignoreeof"}
)
_PREFIXES_OF_BASH: Final = ("BASH", "COMP_", "COMPREPLY", "LC_", "READLINE_")
# The loader, and the functions of the shell that Claude Code starts.
_PREFIXES_OF_OTHERS: Final = ("LD_", "DYLD_", "GLIBC_", "MALLOC_", "CLAUDE", "ZSH_", "ARGV0", "_cc_")
# Nothing keeps a variable of `sh` that was in the environment from its programs.
_PRIVATE_ANYWHERE: Final = re.compile(r"(?!npm_|.*_proxy$)[a-z][A-Za-z0-9_]*")

RULE: Final = "assignment"


def check_name(name: str, *, posix: bool = False) -> None:
    """Refuse a variable that something else than the line's own expansions looks for."""
    if IDENTIFIER.fullmatch(name) is None:
        raise RefusedError(RULE, f"`{name}` is not the plain name of a variable")
    if name == "IFS":
        raise RefusedError(
            RULE, "`IFS` changes how all later words are split", "`IFS=… read …` or `mapfile -t`"
        )
    if _belongs_to_bash(name):
        raise RefusedError(
            RULE, f"Bash itself uses `{name}`, so that it can change what an allowed program runs", _OTHER
        )
    if name.startswith(_PREFIXES_OF_OTHERS):
        raise RefusedError(RULE, f"`{name}` can change what an allowed program runs", _OTHER)
    if posix and _PRIVATE_ANYWHERE.fullmatch(name) is None:
        raise RefusedError(
            RULE,
            f"`{name}` can be in the environment, and a script for `sh` cannot keep it from its programs",
            f"a name in lower case, like `{name.lower()}`",
        )


_OTHER: Final = "another name for the variable"


def given_by_environment(name: str) -> bool:
    """Whether Bash leaves the value that the variable had when it started."""
    return IDENTIFIER.fullmatch(name) is not None and not (
        name in NUMBERS or name in _COMPUTED or name.startswith(("BASH", "COMP", "READLINE_"))
    )


def _belongs_to_bash(name: str) -> bool:
    return (
        name in NUMBERS
        or name in _COMPUTED - {"REPLY", "MAPFILE"}
        or name in _READ_BY_BASH
        or re.fullmatch(r"PS[0-9]", name) is not None
        or name.startswith(_PREFIXES_OF_BASH)
    )
