"""README and docs are read by a machine: their snippets load, their commands exist, their links lead on."""

import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from hyperhive.cli.parser import COMMANDS, build_parser
from hyperhive.config.hive_file import Paths, parse_hive
from hyperhive.domain.bash import judge, validate_pattern

ROOT: Final = Path(__file__).parents[3]
README: Final = ROOT / "README.md"
#: What an operator reads, in order.
DOCUMENTS: Final = {
    path: path.read_text(encoding="utf-8") for path in (README, *sorted((ROOT / "docs").glob("*.md")))
}
#: They are generated, or for who works on the program; their links are looked at.
OTHERS: Final = [
    ROOT / name for name in ("modules/OPTIONS.md", "nixos-tests/eval/README.md", "pkgs/hyperhive/README.md")
]
MAKEFILE: Final = (ROOT / "Makefile").read_text(encoding="utf-8")

_FENCED: Final = re.compile(r"^( *)```(\w*)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
_LINK: Final = re.compile(r"(?<![!\\])\[[^]\\]+\]\(([^)\s]+)\)")


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language, with the indent of a list item taken off."""
    found = [block for text in DOCUMENTS.values() for block in _FENCED.findall(text) if block[1] == language]
    return ["\n".join(line.removeprefix(indent) for line in text.splitlines()) for indent, _, text in found]


def section(heading: str) -> str:
    """What stands under a heading, which only one document has."""
    (text,) = [text for text in DOCUMENTS.values() if f"\n## {heading}\n" in text]
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def shown(program: str) -> Iterator[list[str]]:
    """Words after a program's name, wherever it is shown to be typed: in a line of its own, or in a text."""
    lines = [line for block in blocks("") for line in block.splitlines()]
    for text in DOCUMENTS.values():
        lines += re.findall(r"`([^`\n]+)`", _FENCED.sub("", text))
    for line in lines:
        called = re.fullmatch(rf"(?:sudo )?(?:\.venv/bin/)?{program}((?: .*)?)", line)
        if called is not None:
            yield shlex.split(called[1], comments=True)


def anchors(text: str) -> set[str]:
    """What a link may call the headings of a document, as the usual readers of markdown name them."""
    headings = re.findall(r"^#+ (.+)$", _FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(document: Path) -> Iterator[tuple[str, Path, str]]:
    """Every link to another place of the repository: itself, the file, and the heading or nothing."""
    for link in _LINK.findall(_FENCED.sub("", document.read_text(encoding="utf-8"))):
        if "://" not in link:
            name, _, anchor = link.partition("#")
            yield link, (document.parent / name).resolve() if name else document, anchor


def test_the_hive_in_the_documents_is_a_good_hive_file(tmp_path: Path) -> None:
    text, _ = blocks("toml")
    hive = parse_hive(text, Paths(tmp_path, tmp_path, tmp_path), directory=tmp_path)
    assert set(hive.broker.agents) == {"manager", "coder"}
    coder = hive.broker.agents["coder"]
    assert [validate_pattern(pattern) for pattern in coder.bash or []] == ["git *", "python3 -m pytest *"]
    assert not judge("git log | grep fix > /etc/motd", coder.bash).allowed


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of a table that begins with a heading."""
    table = text.partition(f"\n| {heading} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in table]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_the_patterns_of_the_page_on_policies_are_patterns() -> None:
    found = [pattern for cell, _ in rows(section("Bash patterns"), "pattern") for pattern in quoted(cell)]
    assert len(found) >= 8
    assert [validate_pattern(pattern) for pattern in found] == found


def test_what_the_page_on_policies_says_is_refused_is_refused_and_says_what_to_write() -> None:
    found = rows(section("Bash patterns"), "refused")
    assert len(found) >= 4
    for refused, instead in found:
        patterns = ["npm *", "git *", "cd *", "./gradlew *", "x *", "cat *"]
        verdict = judge(quoted(refused)[0], patterns, directory="/agents/coder/state")
        assert (verdict.allowed, verdict.instead is not None) == (False, True), refused
        for allowed in quoted(instead)[:1]:
            assert judge(allowed, patterns, directory="/agents/coder/state").allowed, allowed


def test_the_pushes_in_the_documents_are_a_good_part_of_a_hive_file(tmp_path: Path) -> None:
    _, text = blocks("toml")
    rest = "[credentials]\nphone = { env = 'PHONE' }\n[agents.ada]"
    hive = parse_hive(f"{text}\n{rest}", Paths(tmp_path, tmp_path, tmp_path), directory=tmp_path)
    ntfy = hive.broker.notifications.ntfy
    assert ntfy is not None
    assert (ntfy.token_credential, ntfy.delay_seconds) == ("phone", 120)


def test_every_command_has_its_place_in_the_table_of_commands() -> None:
    quoted = re.findall(r"`(?:hyperhive )?([a-z-]+)[^`]*`", section("Command line"))
    assert set(COMMANDS) <= set(quoted)


def test_every_command_in_the_documents_is_understood() -> None:
    called = [[word.strip("[]") for word in words] for words in shown("hyperhive") if words]
    assert len(called) >= 15
    assert {words[0] for words in called} <= set(COMMANDS)
    for words in called:
        # One that stands without arguments may be named and not typed; help would end the test.
        if len(words) > 1 and "--help" not in words:
            assert build_parser(words).parse_args(words).run


def test_every_make_target_in_the_documents_exists() -> None:
    targets = {words[0] for words in shown("make") if words}
    known = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    assert len(targets) >= 9
    assert targets <= known, targets - known


def test_every_option_in_the_documents_is_on_the_page_of_options() -> None:
    page = (ROOT / "modules" / "OPTIONS.md").read_text(encoding="utf-8")
    found = [
        (name, end)
        for text in DOCUMENTS.values()
        for name, ends in re.findall(r"`(services\.hyperhive\.[\w.]*)(?:\{(.*?)\})?`", text)
        for end in ends.split(",")
    ]
    assert found
    assert [name + end for name, end in found if f"`{name}{end}" not in page] == []


def test_what_an_agent_can_do_is_shown_by_scenarios_that_exist_and_none_is_left_out() -> None:
    text = section("What an agent can and cannot do")
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[2])}
    assert all(re.findall(r"`(\w+)`", row.split("|")[2]) for row in rows), rows
    scenarios = {path.stem for path in (ROOT / "nixos-tests" / "scenarios").glob("*.py")}
    assert named <= scenarios, named - scenarios
    assert {name for name in scenarios if name.startswith("isolation")} <= named
    weakened = (ROOT / "nixos-tests" / "debian" / "weakened.py").read_text(encoding="utf-8")
    assert set(re.findall(r"`weakened_(\w+)`", text)) == set(
        re.findall(r'^    "(\w+)": ', weakened, re.MULTILINE)
    )


def test_the_pictures_are_there() -> None:
    pictures = [
        path.parent / picture
        for path, text in DOCUMENTS.items()
        for picture in re.findall(r"^!\[[^]]+\]\(([^)]+)\)$", text, re.MULTILINE)
    ]
    assert len(pictures) == 2
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)


@pytest.mark.parametrize("document", [*DOCUMENTS, *OTHERS], ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_heading_that_exist(document: Path) -> None:
    dead = [
        link
        for link, path, anchor in links(document)
        if not path.exists() or (anchor and anchor not in anchors(path.read_text(encoding="utf-8")))
    ]
    assert dead == []


def test_the_readme_is_short_and_leads_to_every_page() -> None:
    assert len(DOCUMENTS[README].splitlines()) < 150
    assert {path for _, path, _ in links(README)} >= {*DOCUMENTS} - {README}


def test_who_reads_on_comes_from_the_installation_to_every_page() -> None:
    order = ["install", "policies", "console", "operations", "security", "architecture"]
    assert sorted(order) == sorted(path.stem for path in DOCUMENTS if path != README)
    for name, after in pairwise(order):
        last = DOCUMENTS[ROOT / "docs" / f"{name}.md"].rstrip().rpartition("\n\n")[2]
        assert last.startswith("Next: "), name
        assert f"({after}.md)" in last
