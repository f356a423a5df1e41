"""The line to an agent: commands, completion and history, by keyboard alone."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from tests.dashboard.conftest import Complaints, RunningHive, report, status

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODELS = ["claude-sonnet-4-5", "claude-opus-4-1", "claude-haiku-4-5"]
SONNET, OPUS, HAIKU = MODELS
HELLO = {"ts": 1.0, "turn": "t", "kind": "text", "data": {"text": "hello from the log"}}


@pytest_asyncio.fixture(loop_scope="module")
async def hive(start_hive: Callable[..., Any]) -> RunningHive:
    """`alice`, who may use three models, and `bob`."""
    running: RunningHive = await start_hive(agents={"alice": {"model": SONNET, "models": MODELS}, "bob": {}})
    return running


async def line(page: Page, name: str = "alice") -> Locator:
    """The field of the agent's page, with the keyboard in it."""
    await page.locator(f"#agent-{name}").focus()
    await page.keyboard.press("Enter")
    # The page of an agent takes the keyboard when it opens.
    await expect(page.locator("#panel-title")).to_be_focused()
    field = page.get_by_label(f"Message to {name}", exact=True)
    # Nothing takes the keyboard before the part's style is there.
    await expect(field).to_be_visible()
    await field.focus()
    await expect(field).to_be_focused()
    return field


def options(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Commands").get_by_role("option")


def outcome(page: Page) -> Locator:
    return page.locator(".panel .composer .after")


async def type_and_enter(page: Page, text: str) -> None:
    await page.keyboard.type(text)
    await page.keyboard.press("Enter")


async def frame_of(link: aiohttp.ClientWebSocketResponse, kind: str) -> dict[str, Any]:
    """The next frame of that type; others before it are dropped."""
    async with asyncio.timeout(30):
        while (frame := await link.receive_json())["type"] != kind:
            pass
    found: dict[str, Any] = frame
    return found


async def test_a_command_is_completed_with_tab_and_chosen_with_arrows(hive: RunningHive, page: Page) -> None:
    field = await line(page)
    await page.keyboard.type("/")
    await expect(options(page)).to_have_count(6)
    await expect(field).to_have_attribute("aria-expanded", "true")
    await page.keyboard.type("c")
    await expect(options(page)).to_have_text(
        [re.compile("^/cancel"), re.compile("^/comp"), re.compile("^/cl")]
    )
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowUp")
    marked = page.locator(f"[id='{await field.get_attribute('aria-activedescendant')}']")
    await expect(marked).to_have_text(re.compile("^/clear"))
    await expect(marked).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("Tab")
    await expect(field).to_have_value("/clear")
    await expect(field).to_be_focused()
    await expect(options(page).first).not_to_be_visible()


async def test_escape_closes_the_list_and_not_the_page(hive: RunningHive, page: Page) -> None:
    field = await line(page)
    await page.keyboard.type("/m")
    await expect(options(page)).to_have_count(1)
    await page.keyboard.press("Escape")
    await expect(options(page).first).not_to_be_visible()
    await expect(page.locator(".panel")).to_have_count(1)
    await expect(field).to_have_value("/m")


async def test_a_model_is_completed_chosen_and_shown_everywhere(hive: RunningHive, page: Page) -> None:
    link = await hive.agents["alice"].link()
    await link.send_json(report(status("idle", model=SONNET)))
    field = await line(page)
    await page.keyboard.type("/mo")
    await page.keyboard.press("Enter")
    await expect(field).to_have_value("/model ")
    await page.keyboard.type("op")
    await expect(options(page)).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(field).to_have_value(f"/model {OPUS}")
    await page.keyboard.press("Enter")
    await expect(outcome(page)).to_have_text(f"From its next turn on alice uses {OPUS}")
    await expect(field).to_have_value("")
    assert await frame_of(link, "use_model") == {"type": "use_model", "model": OPUS}
    picker = page.get_by_role("combobox", name=f"Model: {SONNET}, {OPUS} from the next turn on")
    await expect(picker).to_be_visible()
    await link.send_json(report(status("idle", model=OPUS)))
    await expect(page.get_by_role("combobox", name=f"Model: {OPUS}", exact=True)).to_be_visible()
    await expect(page.locator(".log")).to_contain_text(f"the operator chose the model: {OPUS}")
    await link.close()


async def test_the_picker_works_with_the_keyboard_and_default_goes_back(
    hive: RunningHive, page: Page
) -> None:
    await line(page)
    picker = page.locator(".model-choice").get_by_role("combobox")
    await picker.focus()
    await page.keyboard.press("ArrowDown")
    listed = page.get_by_role("listbox", name="Models").get_by_role("option")
    await expect(listed).to_have_count(4)
    await expect(listed.nth(0)).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Enter")
    await expect(picker).to_have_accessible_name(f"Model: {HAIKU}")
    await expect(picker).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Escape")
    await expect(listed.first).not_to_be_visible()
    await expect(page.locator(".panel")).to_have_count(1)
    await page.keyboard.press(" ")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(picker).to_have_accessible_name(f"Model: {SONNET}")
    assert hive.broker.services.agents.view("alice").model.chosen is None


async def test_an_unknown_command_or_model_sends_nothing_and_says_what_there_is(
    hive: RunningHive, page: Page
) -> None:
    field = await line(page)
    await type_and_enter(page, "/foo bar")
    problem = outcome(page).get_by_role("alert")
    await expect(problem).to_contain_text(
        "There is no /foo, only /help, /model, /cancel, /compact, /new-session, /clear."
    )
    await expect(field).to_have_value("/foo bar")
    await field.fill("/model gpt-9")
    await page.keyboard.press("Enter")
    await expect(problem).to_have_text(f"There is no model gpt-9: {', '.join(MODELS)}, default.")
    await page.keyboard.type("x")
    await expect(problem).to_have_count(0)
    assert await hive.agents["alice"].lease("t") == []
    assert hive.broker.services.agents.view("alice").model.chosen is None


async def test_two_slashes_send_a_text_that_begins_with_one(hive: RunningHive, page: Page) -> None:
    await line(page)
    await type_and_enter(page, "//etc/hosts is wrong")
    await expect(outcome(page)).to_have_text("Sent to alice")
    [message] = await hive.agents["alice"].lease("t", wait_seconds=30)
    assert message["body"] == "/etc/hosts is wrong"


async def test_help_lists_the_commands_in_place(hive: RunningHive, page: Page) -> None:
    await line(page)
    await type_and_enter(page, "/help")
    terms = outcome(page).locator("dt")
    await expect(terms).to_have_text(
        ["/help", "/model NAME", "/cancel", "/compact", "/new-session", "/clear", "//text"]
    )


async def test_orders_reach_the_harness_and_are_refused_without_one(
    hive: RunningHive, page: Page, complaints: Complaints
) -> None:
    await line(page)
    for command in ("/compact", "/new-session"):
        await type_and_enter(page, command)
        await expect(outcome(page).get_by_role("alert")).to_contain_text("alice is not connected")
        await page.keyboard.press("Control+a")
        await page.keyboard.press("Delete")
    # A refused call is an error line of the browser's own.
    assert [one for one in complaints if "409" not in one] == []
    complaints.clear()
    link = await hive.agents["alice"].link()
    await link.send_json(report(status("working", turn="t", model=SONNET)))
    await expect(page.locator(".panel-head .state")).to_contain_text("working")
    await type_and_enter(page, "/compact")
    await expect(outcome(page)).to_have_text("The session is compacted after this turn")
    await type_and_enter(page, "/new-session")
    await expect(outcome(page)).to_have_text("A new session begins after this turn")
    await type_and_enter(page, "/cancel")
    await expect(outcome(page)).to_have_text("The turn is being cancelled")
    for kind, more in (("compact", {}), ("new_session", {}), ("cancel", {"pending": 0})):
        assert await frame_of(link, kind) == {"type": kind, **more}
    await link.close()


async def test_clear_empties_the_log_in_this_window_alone_and_can_be_taken_back(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    page, other = await open_page(hive), await open_page(hive)
    link = await hive.agents["alice"].link()
    await link.send_json(report(status("idle", model=SONNET), HELLO))
    for one in (page, other):
        await line(one)
        await expect(one.locator(".log .entry")).to_have_count(1)
    await type_and_enter(page, "/clear")
    await expect(page.locator(".log .entry")).to_have_count(0)
    await expect(page.locator(".log")).to_contain_text("Cleared in this window.")
    await link.send_json(report(None, HELLO | {"data": {"text": "later"}}))
    await expect(page.locator(".log .entry")).to_have_text([re.compile("later")])
    await expect(other.locator(".log .entry")).to_have_count(2)
    await page.get_by_role("button", name="Show what was there").click()
    await expect(page.locator(".log .entry")).to_have_count(2)
    await link.close()


async def test_what_was_typed_comes_back_with_the_arrows_also_after_a_reload(
    hive: RunningHive, page: Page
) -> None:
    field = await line(page)
    await type_and_enter(page, "first")
    await expect(outcome(page)).to_have_text("Sent to alice")
    await page.keyboard.type("second")
    await page.keyboard.press("Shift+Enter")
    await type_and_enter(page, "line")
    await expect(field).to_have_value("")
    await page.keyboard.type("a draft")
    await page.keyboard.press("ArrowUp")
    await expect(field).to_have_value("second\nline")
    # In the last of two lines the arrow moves the caret first.
    await page.keyboard.press("ArrowUp")
    await expect(field).to_have_value("second\nline")
    await page.keyboard.press("ArrowUp")
    await expect(field).to_have_value("first")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await expect(field).to_have_value("a draft")
    await page.reload()
    field = page.get_by_label("Message to alice", exact=True)
    await expect(field).to_have_value("a draft")
    await expect(field).to_be_visible()
    await field.focus()
    await page.keyboard.press("ArrowUp")
    await expect(field).to_have_value("second\nline")
    bob = await line(page, "bob")
    await page.keyboard.press("ArrowUp")
    await expect(bob).to_have_value("")


async def test_nothing_of_what_was_typed_stays_after_a_logout(
    hive: RunningHive, page: Page, complaints: Complaints
) -> None:
    await line(page)
    await type_and_enter(page, "a secret")
    await expect(outcome(page)).to_have_text("Sent to alice")
    assert "a secret" in await page.evaluate("JSON.stringify({...localStorage})")
    await page.get_by_role("button", name="Log out").click()
    await expect(page.get_by_label("Password")).to_be_visible()
    assert "a secret" not in await page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
    # A stream that tries again before the page is left is refused, which the browser notes.
    assert [one for one in complaints if "401" not in one] == []
    complaints.clear()


@pytest.mark.parametrize("width", [360, 1280])
async def test_lists_of_commands_and_models_fit_into_the_window(
    hive: RunningHive, open_page: Callable[..., Any], width: int
) -> None:
    page: Page = await open_page(hive, viewport={"width": width, "height": 740})
    await line(page)
    await page.keyboard.type("/")
    lists = [page.get_by_role("listbox", name="Commands")]
    await expect(lists[0]).to_be_visible()
    boxes = [await lists[0].bounding_box()]
    await page.locator(".model-choice").get_by_role("combobox").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("listbox", name="Models")).to_be_visible()
    boxes.append(await page.get_by_role("listbox", name="Models").bounding_box())
    for box in boxes:
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 740
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
