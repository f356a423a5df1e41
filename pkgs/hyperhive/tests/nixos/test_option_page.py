"""The page of options: complete, and the one that is committed."""

import difflib

import pytest

from tests.nixos import nix, option_page
from tests.nixos.option_page import Declared, Option

nix.need_tree()


@pytest.fixture(scope="module")
def options() -> Declared:
    return option_page.declared()


def test_every_option_is_described_and_has_an_example(options: Declared) -> None:
    everything = {**options.host, **options.inside}
    described = [one for one in everything.values() if one.name != "hyperhive"]
    assert [one.name for one in described if not (one.description or "").strip()] == []
    # A package's default is an example.
    written = [one for one in described if one.type != "package"]
    assert [one.name for one in written if one.example is None] == []
    assert len(written) > 50


def test_an_option_is_described_alike_wherever_it_stands(options: Declared) -> None:
    agent, manager, inside = (
        options.below(prefix) for prefix in (option_page.AGENT, option_page.MANAGER, option_page.INSIDE)
    )

    def words(where: dict[str, Option]) -> dict[str, tuple[str, str | None, str | None]]:
        return {
            name: (one.type, one.description, one.default) for name, one in where.items() if name in agent
        }

    assert words(manager) == words(agent)
    assert words(inside).items() <= words(agent).items()


def test_the_committed_page_is_that_of_the_options(options: Declared) -> None:
    committed = option_page.PAGE.read_text(encoding="utf-8") if option_page.PAGE.is_file() else ""
    changed = difflib.unified_diff(
        committed.splitlines(),
        option_page.render(options).splitlines(),
        "committed",
        "evaluated",
        lineterm="",
    )
    text = "\n".join(changed)
    if text:
        pytest.fail(f"the options changed: refresh their page with `make golden`\n{text}", pytrace=False)
