"""An agent's live log: what its rows tell of a turn, and that it is found again as it was left."""

import re
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.dashboard.conftest import RunningHive, note, report, status

pytestmark = pytest.mark.asyncio(loop_scope="module")


def event(kind: str, ts: float = 1.0, **data: Any) -> dict[str, Any]:
    return {"ts": ts, "turn": "t1", "kind": kind, "data": data}


def use(call: str, name: str, ts: float = 1.0, **given: Any) -> dict[str, Any]:
    return event("tool_use", ts, id=call, name=name, input=given)


async def show(hive: RunningHive, page: Page, *events: dict[str, Any]) -> Locator:
    """The rows of alice's log with these events."""
    link = await hive.agents["alice"].link()
    await link.send_json(report(status("idle"), *events))
    await page.goto(f"{hive.url}/#/agent/alice")
    rows = page.locator(".log .scroll > ol > li")
    await expect(rows.first).to_be_attached()
    await link.close()
    return rows


async def test_a_turn_is_a_group_that_says_with_what_it_began_and_how_it_ended(
    hive: RunningHive, page: Page
) -> None:
    rows = await show(
        hive,
        page,
        event("turn_start", prompt="from boss: fix it", messages=[7]),
        event("thinking", text="where is it?"),
        event("text", text="It is **there**."),
        event("turn_end", result="failed", error="the session died", duration_ms=2500, tool_calls=0),
    )
    await expect(rows).to_have_text(
        [
            re.compile(r"Turn\s*failed\s*with #7\s*from boss: fix it"),
            re.compile("where is it?"),
            re.compile(r"It is there\."),
            re.compile(r"Turn failed\s*2\.5 s .*the session died", re.DOTALL),
        ]
    )
    await expect(page.locator(".log .entry[data-failed=true]")).to_have_count(4)
    await expect(page.locator(".log .markdown strong")).to_have_text("there")


async def test_an_edit_is_told_by_lines_with_signs_and_its_result_is_folded(
    hive: RunningHive, page: Page
) -> None:
    edit = {"file_path": "a.py", "old_string": "one\ntwo\n", "new_string": "one\n2\nthree\n"}
    rows = await show(
        hive,
        page,
        use("a", "Edit", ts=1.0, **edit),
        event("tool_result", 8.0, id="a", is_error=False, text="done\nwith it"),
        use("b", "Write", file_path="b.py", content="new"),
        event("tool_result", id="b", is_error=True, text="no space"),
    )
    lines = rows.first.locator(".difference .line")
    await expect(lines).to_have_text(
        [re.compile(one) for one in ("^  one", "^- two", r"^\+ 2", r"^\+ three")]
    )
    await expect(rows.first.locator(".tool")).to_have_text(re.compile(r"Edit\s+a\.py\s+0:07"))
    await expect(rows.first).not_to_contain_text("with it")
    await rows.first.get_by_role("button", name="Result, 2 lines").click()
    await expect(rows.first).to_contain_text("with it")
    await expect(rows.last).to_have_text(re.compile(r"Write\s+b\.py\s*\+ new\s*Failed: no space"))


async def test_a_refusal_stands_with_its_call_and_says_rule_and_reason(hive: RunningHive, page: Page) -> None:
    command = {"command": "rm -rf /", "description": "Remove everything"}
    rows = await show(
        hive,
        page,
        use("a", "Bash", **command),
        event("refused", tool="Bash", input=command, rule="no_pattern", reason="no pattern allows `rm`"),
        event("tool_result", id="a", is_error=True, text="refused: no pattern allows `rm`"),
    )
    await expect(rows).to_have_text(
        [
            re.compile(
                r"Bash\s+\$ rm -rf /\s+Remove everything\s*Refused by no_pattern\s*no pattern allows `rm`\s*$"
            )
        ]
    )
    await expect(page.locator(".log .entry")).to_have_attribute("data-mark", "refused")


async def test_a_line_that_ran_as_another_stands_below_the_one_that_was_given(
    hive: RunningHive, page: Page
) -> None:
    long = "\n".join(f"echo {number}" for number in range(40))
    rows = await show(
        hive,
        page,
        use("a", "Bash", command="n=1; echo $n"),
        event("tool_result", id="a", is_error=False, text="1", runs='export -n n\nn=1\necho "${n}"'),
        use("b", "Bash", command="for …"),
        event("tool_result", id="b", is_error=False, text="", runs=long),
        use("c", "Bash", command="ls"),
        event("tool_result", id="c", is_error=False, text="", runs=""),
    )
    await expect(rows).to_have_text(
        [
            re.compile(r"Bash\s+\$ n=1; echo \$n\s*ran as\s*export -n n\s+n=1\s+echo \"\$\{n\}\"\s*1\s*$"),
            re.compile(r"ran as\s*echo 0\s.*echo 3 …\s*Show all, .*done, no output", re.DOTALL),
            re.compile(r"Bash\s+\$ ls\s*done, no output"),
        ]
    )
    await rows.nth(1).get_by_role("button", name="Show all").click()
    await expect(rows.nth(1)).to_contain_text("echo 39")


async def test_what_an_agent_sends_and_asks_can_be_read(hive: RunningHive, page: Page) -> None:
    rows = await show(
        hive,
        page,
        use("a", "mcp__hyperhive__send", to="bob", body="- one\n- two"),
        use("b", "mcp__hyperhive__ask", question="Which *one*?", options=["first", "second"]),
        use("c", "mcp__hyperhive__answer", id=3, answer="the first"),
    )
    await expect(rows).to_have_text(
        [
            re.compile(r"send to bob\s*one\s*two"),
            re.compile(r"ask asks operator\s*Which one\?\s*options\s*first · second"),
            re.compile(r"answer question 3\s*the first"),
        ]
    )
    await expect(rows.first.locator(".markdown li")).to_have_text(["one", "two"])


async def test_a_log_is_found_as_it_was_left_after_a_look_at_another_part(
    hive: RunningHive, page: Page
) -> None:
    await hive.write_log("alice", [note(f"note {number:03}") for number in range(250)])
    await page.goto(f"{hive.url}/#/agent/alice")
    rows = page.locator(".log .scroll > ol > li")
    await expect(rows.last).to_contain_text("note 249")
    await page.locator(".log .scroll").press("Home")
    first = page.locator(".log li", has_text="note 000")
    await expect(first).to_be_in_viewport()
    await page.get_by_role("tab", name="Policy").click()
    await expect(page.get_by_role("tabpanel")).to_contain_text("Writes to")
    await hive.write_log("alice", [note("meanwhile")])
    await page.get_by_role("tab", name="Log").click()
    await expect(first).to_be_in_viewport()
    await page.get_by_role("button", name="1 new").click()
    await expect(page.locator(".log li", has_text="meanwhile")).to_be_in_viewport()
