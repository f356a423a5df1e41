"""Lines as people see them: whether what runs looks like what was written, and a script on one line."""

import re
from typing import Final

from hyperhive.domain.bash.printing.printer import print_script
from hyperhive.domain.bash.reading.parser import parse
from hyperhive.domain.bash.script import RefusedError, Script

_SPACING: Final = re.compile(r"[ \t\n;]+")
# Behind them a new line is no end of a command.
_OPEN: Final = re.compile(r"(?:^|[\s;])(?:then|else|do|if|elif|while|until|\{|in)$|[(|&]$|;;&?$|;&$|\)$")


def differs(command: str, runs: str) -> bool:
    """Whether a line and what runs in its place differ in more than blanks, new lines and semicolons."""
    return _SPACING.sub(" ", f"{command} ").strip() != _SPACING.sub(" ", f"{runs} ").strip()


def one_line(script: Script) -> str:
    """A script printed as one line, or as several where it has no other form."""
    printed = print_script(script).rstrip("\n")
    line = ""
    for part in printed.split("\n"):
        joint = "" if not line else " " if _OPEN.search(line) else "; "
        line += joint + part.strip()
    try:
        return line if print_script(parse(line)).rstrip("\n") == printed else printed
    except RefusedError:
        return printed
