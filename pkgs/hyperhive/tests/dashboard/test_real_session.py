"""The page before a whole hive: real broker, harness and Claude Code, and a model whose words are hostile."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.conftest import HiveConfig
from tests.dashboard.conftest import DASHBOARD
from tests.dashboard.test_hostile import HOSTILE, assert_whole
from tests.harness.conftest import MODEL, SmallHive

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOOLS = ["Bash", "Read", "Write", "Edit"]
FILE = "<img src=x onerror=alert(1)>.md"
#: What the model does in one turn: text, a command whose output is hostile, a file with a hostile name, an
#: edit of it, mail and a question.
STEPS: list[dict[str, Any]] = [
    {
        "text": HOSTILE[1],
        "tool": "Bash",
        "input": {"command": f"printf %s '{HOSTILE[0].replace(chr(39), '')}'"},
    },
    {"tool": "Write", "input": {"file_path": FILE, "content": f"{HOSTILE[0]}\n"}},
    {"tool": "Edit", "input": {"file_path": FILE, "old_string": HOSTILE[0], "new_string": HOSTILE[2]}},
    {"tool": "mcp__hyperhive__send", "input": {"to": "operator", "body": HOSTILE[0]}},
    {"tool": "mcp__hyperhive__ask", "input": {"question": HOSTILE[1], "options": [HOSTILE[2]]}},
    {"text": HOSTILE[2]},
]


def script(state: str) -> str:
    """The model's script; a JSON string is one of TOML as well."""

    def value(given: Any) -> str:
        if isinstance(given, dict):
            inner = ", ".join(f"{key} = {value(one)}" for key, one in given.items())
            return "{ " + inner + " }"
        return json.dumps(given)

    lines = ["[[turn]]", "when = 'Do it'"]
    for step in STEPS:
        lines.append("[[turn.step]]")
        for key, given in step.items():
            put = given | {"file_path": f"{state}/{FILE}"} if "file_path" in given else given
            lines.append(f"{key} = {value(put)}")
    return "\n".join(lines)


async def test_what_a_real_session_does_is_shown_as_it_is_and_nothing_of_it_runs(
    hive_config: HiveConfig, open_page: Callable[..., Any], tmp_path: Path
) -> None:
    with tempfile.TemporaryDirectory(prefix="hh-") as runtime:
        agents = {"alice": {"model": MODEL, "models": [MODEL], "tools": TOOLS}}
        config = hive_config(agents=agents, runtime_dir=runtime, dashboard_dir=str(DASHBOARD))
        hive = SmallHive(config, tmp_path)
        try:
            await hive.start(script(str(tmp_path / "alice" / "state")))
            await hive.wake("alice")
            page: Page = await open_page(hive)
            await page.locator("#agent-alice").click()
            await expect(page.locator("#agent-alice .state")).to_have_text("idle")
            await page.get_by_label("Message to alice", exact=True).fill("Do it")
            await page.keyboard.press("Enter")
            log = page.locator(".log")
            await expect(log.locator("li").last).to_contain_text("Turn ok", timeout=60_000)
            await expect(log).to_contain_text(HOSTILE[2])
            await expect(log).to_contain_text(FILE)
            await expect(page.locator(".inbox .body p")).to_have_text([HOSTILE[0]])
            await expect(page.locator(".question")).to_contain_text(HOSTILE[1])
            await expect(page.get_by_role("button", name=HOSTILE[2], exact=True)).to_be_visible()
            assert (tmp_path / "alice" / "state" / FILE).read_text() == f"{HOSTILE[2]}\n"
            await assert_whole(page)
            await page.get_by_role("button", name=HOSTILE[2], exact=True).click()
            await expect(page.locator("#agent-alice .state")).to_have_text("idle")
            await page.get_by_role("link", name="Stats").last.click()
            await expect(page.locator(".stats")).to_contain_text("Write")
            await assert_whole(page)
        finally:
            await hive.stop()
