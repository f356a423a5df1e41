"""The README is read by a machine: its snippets load, its commands exist."""

import re
import shlex
from pathlib import Path

from hyperhive.cli.parser import COMMANDS, build_parser
from hyperhive.config.hive_file import Places, parse_hive
from hyperhive.domain.bash import judge, validate_pattern

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language, with the indent of a list item taken off."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", README, re.DOTALL | re.MULTILINE)
    return ["\n".join(line.removeprefix(indent) for line in text.splitlines()) for indent, text in found]


def test_the_hive_in_the_readme_is_a_good_hive_file(tmp_path: Path) -> None:
    text, _ = blocks("toml")
    hive = parse_hive(text, Places(tmp_path, tmp_path, tmp_path), directory=tmp_path)
    assert set(hive.broker.agents) == {"manager", "coder"}
    coder = hive.broker.agents["coder"]
    assert [validate_pattern(pattern) for pattern in coder.bash or []] == ["git *", "python3 -m pytest *"]
    assert not judge("git log | grep fix > /etc/motd", coder.bash).allowed


def test_the_pushes_in_the_readme_are_a_good_part_of_a_hive_file(tmp_path: Path) -> None:
    _, text = blocks("toml")
    rest = "[credentials]\nphone = { env = 'PHONE' }\n[agents.ada]"
    hive = parse_hive(f"{text}\n{rest}", Places(tmp_path, tmp_path, tmp_path), directory=tmp_path)
    ntfy = hive.broker.notifications.ntfy
    assert ntfy is not None
    assert (ntfy.token_credential, ntfy.delay_seconds) == ("phone", 120)


def test_every_command_in_the_readme_exists_and_every_command_is_in_it() -> None:
    table = README.partition("## Command line")[2].partition("\n## ")[0]
    quoted = re.findall(r"`(?:hyperhive )?([a-z-]+)[^`]*`", table)
    assert set(COMMANDS) <= set(quoted)


def test_the_example_lines_of_the_readme_are_understood() -> None:
    lines = [line for line in README.splitlines() if line.startswith(".venv/bin/hyperhive")]
    assert lines
    for line in lines:
        arguments = shlex.split(line)[1:]
        assert build_parser(arguments).parse_args(arguments).run


def test_every_make_target_in_the_readme_exists() -> None:
    targets = set(re.findall(r"`?make ([a-z-]+)", README)) - {"s"}
    known = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    assert targets <= known, targets - known


def test_what_an_agent_can_do_is_shown_by_scenarios_that_exist_and_none_is_left_out() -> None:
    section = README.partition("## What an agent can and cannot do")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    shown = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[2])}
    assert all(re.findall(r"`(\w+)`", row.split("|")[2]) for row in rows), rows
    scenarios = {path.stem for path in (ROOT / "nixos-tests" / "scenarios").glob("*.py")}
    assert shown <= scenarios, shown - scenarios
    assert {name for name in scenarios if name.startswith("isolation")} <= shown
    weakened = (ROOT / "nixos-tests" / "debian" / "weakened.py").read_text(encoding="utf-8")
    assert set(re.findall(r"`weakened_(\w+)`", section)) == set(
        re.findall(r'^    "(\w+)": ', weakened, re.MULTILINE)
    )


def test_the_pictures_are_there() -> None:
    pictures = re.findall(r"^!\[[^]]+\]\(([^)]+)\)$", README, re.MULTILINE)
    assert len(pictures) == 2
    assert all((ROOT / path).read_bytes().startswith(b"\x89PNG") for path in pictures)
