"""Writes the shell completions and the manual page of `hyperhive`, made from its argument parser.

Usage: shell_files.py DIRECTORY. Needs shtab and argparse-manpage beside what hyperhive itself needs.
"""

import argparse
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import shtab
from argparse_manpage.manpage import Manpage

from hyperhive import __version__
from hyperhive.cli.parser import COMMANDS, load, whole_parser

_SHELLS: Final = ("bash", "fish", "zsh")
_PATHS: Final = {"DIR": shtab.DIRECTORY, "FILE": shtab.FILE, "PATH": shtab.FILE}
_SUMMARY: Final = "a hive of Claude Code agents under one operator"
# Command lines are neither hyphenated nor spread over the width.
_LAYOUT: Final = ".nh\n.ad l"
# What a manual page would set as hyphens and curved quotes, in a form that can be copied into a shell.
_AS_TYPED: Final = str.maketrans({"\\": r"\e", "-": r"\-", "'": r"\(aq", "`": r"\(ga"})


def write_shell_files(directory: Path) -> None:
    """Write `hyperhive.1` and `hyperhive.SHELL` for each shell that the installed shtab knows."""
    directory.mkdir(parents=True, exist_ok=True)
    parser = whole_parser()
    for action in _actions(parser):
        if isinstance(action.metavar, str) and action.metavar in _PATHS:
            vars(action)["complete"] = _PATHS[action.metavar]  # where shtab looks for it
    for shell in _SHELLS:
        if shell in shtab.SUPPORTED_SHELLS:
            text = shtab.complete(parser, shell, root_prefix="hyperhive")
            (directory / f"hyperhive.{shell}").write_text(text, encoding="utf-8")
    (directory / "hyperhive.1").write_text(_manual(parser), encoding="utf-8")


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:  # noqa: SLF001 - argparse offers no other way to them
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - nor a public name for this one
            for command in action.choices.values():
                yield from _actions(command)


def _manual(parser: argparse.ArgumentParser) -> str:
    page = Manpage(parser)
    page.source = f"hyperhive {__version__}"
    page.manual = "hyperhive"
    page.description = _SUMMARY
    page.add_section("EXAMPLES", ">", _examples())
    header, _, rest = str(page).partition("\n")
    return f"{header}\n{_LAYOUT}\n{rest}"


def _examples() -> str:
    blocks = []
    for name in COMMANDS:
        lines = textwrap.dedent(load(name).examples).strip().translate(_AS_TYPED).splitlines()
        blocks.append("\n".join(rf"\&{line}" for line in lines))
    return "\n".join([".nf", "\n\n".join(blocks), ".fi"])


if __name__ == "__main__":
    write_shell_files(Path(sys.argv[1]))
