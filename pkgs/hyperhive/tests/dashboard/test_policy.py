"""The policy of an agent: what it may do, how its MCP servers are, and nothing of it becomes markup."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.conftest import mcp_server
from tests.dashboard.conftest import RunningHive, report, status
from tests.dashboard.test_hostile import HOSTILE, LONG_WORD, assert_whole

pytestmark = pytest.mark.asyncio(loop_scope="module")

SERVERS = {"orders": mcp_server("query", "lost"), "wild": mcp_server("*")}


def server(name: str, state: str, *tools: str, reason: str = "", **more: Any) -> dict[str, Any]:
    said = {"name": name, "state": state, "reason": reason, "tools": list(tools), "offered": len(tools)}
    return said | more


def section(page: Page, term: str) -> Locator:
    return page.locator(".policy > dt", has_text=term).locator("xpath=following-sibling::dd[1]")


async def test_budget_limits_and_context_are_said(
    start_hive: Callable[..., Any], open_page: Callable[..., Any]
) -> None:
    budget = {"usd_cents_per_day": 250, "turns_per_day": 40}
    alice = {"budget": budget, "context": {"compact_above_percent": 70}, "bash": ["git *"], "tools": ["Bash"]}
    alice["silent_minutes"] = 7
    hive: RunningHive = await start_hive(
        runtime="process", agents={"alice": alice, "bob": {"silent_minutes": 0}}
    )
    page: Page = await open_page(hive)
    await page.goto(f"{hive.url}/#/agent/alice/policy")
    await expect(section(page, "Budget")).to_have_text(
        "today 0 of 40 turns, $0.00 of $2.50 (estimate); a day ends at midnight UTC"
    )
    await expect(section(page, "Limits")).to_contain_text("a process of whoever started the hive")
    await expect(section(page, "Context")).to_have_text("compacted above 70 %; notes.md never rewritten")
    await expect(section(page, "Silent model")).to_have_text(
        "shown after 7 min without a word, interrupted after 14 min; never while a tool runs"
    )
    await expect(section(page, "MCP servers")).to_have_text("none")
    await page.get_by_label("Would this command run?").fill("whoami")
    await page.keyboard.press("Enter")
    await expect(page.locator(".verdict-box")).to_contain_text("It would be refused.")
    await page.goto(f"{hive.url}/#/agent/bob/policy")
    await expect(section(page, "Budget")).to_have_text("no cap per day")
    await expect(section(page, "Silent model")).to_have_text(
        "a model that does not answer is waited for without end"
    )


async def test_an_mcp_server_shows_its_state_its_tools_and_why_it_failed_live(
    start_hive: Callable[..., Any], open_page: Callable[..., Any]
) -> None:
    hive: RunningHive = await start_hive(agents={"alice": {"mcp_servers": SERVERS}})
    page: Page = await open_page(hive)
    await page.goto(f"{hive.url}/#/agent/alice/policy")
    orders = page.locator(".server", has_text="orders")
    await expect(orders.locator(".server-state")).to_have_text("not known: no harness is connected")
    link = await hive.agents["alice"].link()
    await link.send_json(
        report(status("idle"))
        | {"mcp_servers": [server("orders", "running", "query"), server("wild", "starting")]}
    )
    await expect(orders.locator(".server-state")).to_have_text("running")
    await expect(orders.locator(".names")).to_have_text("query")
    await expect(orders).to_contain_text("Allowed, but not offered: lost")
    await expect(page.locator(".server", has_text="wild").locator(".server-state")).to_have_text("starting…")
    died = server("orders", "failed", "query", reason="its process ended: no such table")
    await link.send_json(report(None) | {"mcp_servers": [died]})
    await expect(orders.locator(".problem")).to_have_text("its process ended: no such table")
    await expect(page.locator(".server", has_text="wild").locator(".server-state")).to_have_text(
        "not started yet"
    )
    await link.close()
    await expect(orders.locator(".server-state")).to_have_text("not known: no harness is connected")


@pytest.mark.parametrize("width", [1280, 360])
async def test_what_a_session_lacks_of_a_server_is_said_with_what_to_do(
    start_hive: Callable[..., Any], open_page: Callable[..., Any], width: int
) -> None:
    servers = {"orders": mcp_server("*"), "slow": mcp_server("*"), "files": mcp_server("files_read", "lost")}
    hive: RunningHive = await start_hive(agents={"alice": {"mcp_servers": servers}})
    page: Page = await open_page(hive, viewport={"width": width, "height": 740})
    link = await hive.agents["alice"].link()
    left_out = "sum is left out: its inputSchema is no object. Mend its definition in the server."
    told = [
        server("orders", "running", remarks=[left_out, LONG_WORD, HOSTILE[0]]),
        server("slow", "listing", reason="it runs, but has not answered tools/list"),
        server("files", "running", "files.read"),
    ]
    await link.send_json(report(status("idle")) | {"mcp_servers": told})
    await page.goto(f"{hive.url}/#/agent/alice/policy")
    orders, slow, files = (page.locator(".server", has_text=name) for name in ("orders", "slow", "files"))
    await expect(orders.locator(".remarks li").first).to_have_text(left_out)
    await expect(orders).to_contain_text("the session has none of its tools")
    await expect(slow.locator(".server-state")).to_have_text("runs, but does not list its tools")
    await expect(slow).to_contain_text("restart the agent")
    await expect(files).to_contain_text("Allowed, but not offered: lost")
    await assert_whole(page)
    await link.close()


@pytest.mark.parametrize("width", [1280, 360])
async def test_hostile_models_servers_tools_and_reasons_stay_text(
    start_hive: Callable[..., Any], open_page: Callable[..., Any], width: int
) -> None:
    models = [*HOSTILE, "m" * 190]
    alice = {"model": models[0], "models": models, "mcp_servers": SERVERS}
    hive: RunningHive = await start_hive(agents={"alice": alice, "bob": {}})
    page: Page = await open_page(hive, viewport={"width": width, "height": 740})
    link = await hive.agents["alice"].link()
    tool = {"name": HOSTILE[1], "since": 1.0, "others": 3}
    servers = [server("wild", "failed", *HOSTILE, LONG_WORD, reason=HOSTILE[0] + LONG_WORD)]
    working = status("working", HOSTILE[1], turn="t", tool=tool, model=HOSTILE[2])
    await link.send_json(report(working) | {"mcp_servers": servers})
    await page.goto(f"{hive.url}/#/agent/alice/policy")
    await expect(page.locator(".server .problem")).to_contain_text(HOSTILE[0])
    await expect(page.locator(".panel .detail")).to_contain_text(HOSTILE[1])
    await assert_whole(page)
    await page.locator(".model-choice").get_by_role("combobox").click()
    await expect(page.get_by_role("listbox", name="Models").get_by_role("option")).to_have_count(7)
    await assert_whole(page)
    await page.keyboard.press("Escape")
    await page.goto(f"{hive.url}/#/agent/alice")
    field = page.get_by_label("Message to alice", exact=True)
    await expect(field).to_be_visible()
    await field.focus()
    await page.keyboard.type("/model <")
    await page.keyboard.press("Tab")
    await expect(field).to_have_value(f"/model {HOSTILE[0]}")
    await page.keyboard.press("Enter")
    await expect(page.locator(".panel .composer .after")).to_contain_text(HOSTILE[0])
    await field.fill(f"/{HOSTILE[0]}")
    await page.keyboard.press("Enter")
    await expect(page.locator(".panel .composer [role=alert]")).to_contain_text("There is no /<img")
    await assert_whole(page)
    await link.close()


@pytest.mark.parametrize("width", [1280, 360])
async def test_an_agent_whose_model_says_nothing_is_no_quiet_one(
    start_hive: Callable[..., Any], open_page: Callable[..., Any], width: int
) -> None:
    hive: RunningHive = await start_hive(agents={"alice": {}})
    page: Page = await open_page(hive, viewport={"width": width, "height": 740})
    link = await hive.agents["alice"].link()
    said = "no answer for 10 min: interrupted after 20, mail comes again"
    await link.send_json(report(status("working", said, turn="t", silent=True)))
    await expect(page.locator(".needs")).to_have_text("alice gets no answer")
    await page.goto(f"{hive.url}/#/agent/alice")
    await expect(page.locator(".panel .state")).to_have_text("no answer")
    detail = page.locator(".panel .detail")
    await expect(detail).to_have_text(said)
    assert await detail.evaluate("box => box.scrollHeight <= box.clientHeight"), "all of it is seen"
    await expect(page.get_by_role("button", name="Cancel turn")).to_be_visible()
    await link.send_json(report(status("working", turn="t")))
    await expect(page.locator(".needs")).to_contain_text("Nothing needs you.")
    await link.close()
