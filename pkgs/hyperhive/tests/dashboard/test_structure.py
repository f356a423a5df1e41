"""Promises that the dashboard's files keep, whatever they come to show."""

import json
import re
from pathlib import Path

import pytest

DASHBOARD = Path(__file__).parents[2] / "dashboard"
SCRIPTS = sorted((DASHBOARD / "js").rglob("*.js"))
STYLES = sorted((DASHBOARD / "css").glob("*.css"))
PAGES = [DASHBOARD / "index.html", DASHBOARD / "login.html"]
STATE_MODULES = [path for path in SCRIPTS if path.parent.name == "state"]

#: Ways from a string to markup, code or an address that a script could sit in.
SINKS = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|document\.write|createContextualFragment"
    r"|DOMParser|srcdoc|\beval\b|new Function|setAttribute|javascript:|\bopen\(|window\.name|postMessage"
)
#: Where the page talks to its own workers and tabs.
WORKER = {
    "js/main.js",
    "js/parser/client.js",
    "js/parser/worker.js",
    "js/net/stream.js",
    "js/net/streams.js",
    "js/views/app.js",
}
#: An address that an agent wrote and that `destination` in parser/markdown.js has let pass.
CHECKED_ADDRESS = ("js/views/parsed.js", "${href}")

IMPORT = re.compile(r"""^(?:import|export)\b[^;]*?\bfrom\s*"([^"]+)"|^import\s*"([^"]+)";""", re.MULTILINE)


def relative(path: Path) -> str:
    return path.relative_to(DASHBOARD).as_posix()


def imports(path: Path) -> list[str]:
    return [one or other for one, other in IMPORT.findall(path.read_text())]


def imported(path: Path) -> set[str]:
    """The files that a script imports, relative to the dashboard."""
    return {relative((path.parent / target).resolve()) for target in imports(path)}


def loaded_at_once() -> set[Path]:
    """The modules that `main.js` imports, and those that they import in turn; others come when opened."""
    found: set[Path] = set()
    due = [DASHBOARD / "js" / "main.js"]
    while due:
        script = due.pop()
        targets = {(script.parent / target).resolve() for target in imports(script)} - found
        found |= targets
        due += [target for target in targets if target.is_file() and target.parent.name != "vendor"]
    return found


def styles_at_once() -> list[Path]:
    text = (DASHBOARD / "index.html").read_text()
    return [DASHBOARD / one for one in re.findall(r'rel="stylesheet" href="/static/([^"]+)"', text)]


@pytest.mark.parametrize("script", SCRIPTS, ids=relative)
def test_no_script_has_a_way_from_text_to_markup_or_code(script: Path) -> None:
    found = [line for line in script.read_text().splitlines() if SINKS.search(line)]
    # The one `open(` is a view's own function.
    found = [line for line in found if "open(" not in line or "window.open" in line]
    assert [one for one in found if relative(script) not in WORKER or "ostMessage(" not in one] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=relative)
def test_an_address_in_a_template_is_one_of_the_pages_own(script: Path) -> None:
    addresses = re.findall(r"\b(?:href|src|action|formaction)=(\S+)", script.read_text())
    own = ('"#/', '"/static/', "${agentAddress(", "${itemAddress(", "${sideAddress(")
    addresses = [one for one in addresses if (relative(script), one) != CHECKED_ADDRESS]
    assert [one for one in addresses if not one.startswith(own)] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=relative)
def test_a_script_is_short_and_imports_files_that_exist(script: Path) -> None:
    assert len(script.read_text().splitlines()) <= 500
    for target in imports(script):
        assert target.startswith(("./", "../")), f"{target} is not relative"
        if "/vendor/" not in target:
            assert (script.parent / target).is_file(), target


def test_only_the_worker_parses_what_agents_wrote() -> None:
    """A parser on the page itself could be made to stop it."""
    parsers = {"vendor/marked.js", "vendor/diff/diff/line.js"}
    readers = {relative(path) for path in SCRIPTS if imported(path) & parsers}
    assert readers == {"js/parser/markdown.js", "js/parser/difference.js"}
    assert {relative(path) for path in SCRIPTS if imported(path) & readers} == {"js/parser/worker.js"}


@pytest.mark.parametrize("script", STATE_MODULES, ids=relative)
def test_the_state_knows_neither_the_page_nor_the_network(script: Path) -> None:
    outside = [target for target in imports(script) if not target.startswith("./")]
    words = re.findall(
        r"\b(?:document|window|location|fetch|localStorage|sessionStorage)\b[.(]", script.read_text()
    )
    assert (outside, words) == ([], [])


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_a_page_has_no_inline_script_or_style_and_names_files_that_exist(page: Path) -> None:
    text = page.read_text()
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text) == []
    named = re.findall(r'(?:href|src)="/static/([^"]+)"', text)
    assert [one for one in named if not one.startswith("vendor/") and not (DASHBOARD / one).is_file()] == []


def test_the_hive_page_asks_at_once_for_every_module_that_it_starts_with() -> None:
    text = (DASHBOARD / "index.html").read_text()
    preloaded = re.findall(r'rel="modulepreload" href="/static/([^"]+)"', text)
    assert sorted(preloaded) == sorted(relative(path) for path in loaded_at_once())


def test_styles_and_scripts_name_nothing_beyond_the_broker() -> None:
    texts = [path.read_text() for path in [*SCRIPTS, *STYLES, *PAGES]]
    assert [one for text in texts for one in re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", text)] == []


def test_the_files_of_the_first_load_leave_room_for_its_data() -> None:
    if not (DASHBOARD / "vendor").is_dir():
        pytest.skip("no dashboard/vendor: run `npm ci --prefix dashboard && node dashboard/vendor.mjs`")
    pages = [DASHBOARD / "index.html", DASHBOARD / "logo.svg", DASHBOARD / "js" / "main.js"]
    files = [*pages, *styles_at_once(), *loaded_at_once()]
    # Of 300 KB before any interaction, also without gzip; test_speed.py measures it in a browser.
    assert sum(path.stat().st_size for path in files) < 230_000


def test_libraries_are_pinned_and_the_lock_names_no_registry() -> None:
    package = json.loads((DASHBOARD / "package.json").read_text())
    lock = json.loads((DASHBOARD / "package-lock.json").read_text())
    assert lock["packages"][""]["dependencies"] == package["dependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in package["dependencies"].values())
    locked = {name: entry for name, entry in lock["packages"].items() if name}
    assert [name for name, entry in locked.items() if "resolved" in entry or "integrity" not in entry] == []


def test_only_prose_is_shown_without_marks_for_what_it_hides() -> None:
    shown_as_written = {
        relative(path) for path in SCRIPTS if re.search(r"<[a-z]+ [^>]*data-prose", path.read_text())
    }
    assert shown_as_written == {"js/views/body.js", "js/views/parsed.js"}
    # All others are made by `html` of ui.js, which marks what texts hide; a chart asks one for a colour.
    made = {relative(path) for path in SCRIPTS if re.search(r"\bh\(|createElement", path.read_text())}
    assert made == {"js/ui.js", "js/views/plot.js"}
