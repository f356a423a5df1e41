"""The keyboard alone: keys between sections and rows, the list of them, and never while somebody types."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.dashboard.conftest import RunningHive

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def press(page: Page, keys: str) -> None:
    for key in keys.split():
        await page.keyboard.press(key)


#: The same key so many times, faster than any frame is drawn.
PRESS_AT_ONCE = """([key, times]) => {
  const target = document.activeElement;
  for (let at = 0; at < times; at += 1) {
    target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  }
}"""


def focused(page: Page) -> Locator:
    return page.locator(":focus")


async def test_sections_are_reached_from_everywhere(hive: RunningHive, page: Page) -> None:
    await hive.agents["alice"].send("operator", "letter")
    for keys, heading in (("g q", "questions"), ("g i", "inbox"), ("g a", "agents"), ("g m", "flow")):
        await press(page, keys)
        await expect(page.locator(f"#{heading}-title")).to_be_focused()
    await press(page, "g n")
    await expect(page.locator("#inbox-title")).to_be_focused()
    await press(page, "g d")
    await expect(page.locator("#panel-title")).to_have_text("Doctor")
    # Messages stand behind the doctor, which goes out of the way.
    await press(page, "g m")
    await expect(page.locator("#flow-title")).to_be_focused()
    await expect(page.locator(".panel")).to_have_count(0)


async def test_rows_are_walked_answered_and_put_away_without_a_pointer(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    alice = hive.agents["alice"]
    await alice.call("/v1/questions", {"question": "First?", "options": ["yes", "no"]})
    await alice.call("/v1/questions", {"question": "Second?"})
    await alice.send("operator", "letter 0")
    await alice.send("operator", "letter 1")
    page: Page = await open_page(hive)

    await press(page, "g a j")
    await expect(page.locator("#agent-boss")).to_be_focused()
    await press(page, "j j j k")
    await expect(page.locator("#agent-alice")).to_be_focused()

    await press(page, "g q j j k")
    first = page.locator(".question", has_text="First?")
    await expect(first).to_be_focused()
    await press(page, "o")
    await expect(page.get_by_role("button", name="yes", exact=True)).to_be_focused()
    await press(page, "Tab Enter")
    await expect(first).to_have_count(0)
    await expect(page.locator("#questions-title")).to_be_focused()
    [answer] = [one for one in await alice.lease("t", wait_seconds=30) if one["kind"] == "question_answered"]
    assert "no" in answer["body"]

    await press(page, "g i j r")
    await expect(page.get_by_label("Message to alice")).to_be_focused()
    await page.keyboard.type("jke?")
    await press(page, "Enter")
    await expect(page.locator(".inbox-message")).to_have_count(1)
    await press(page, "g i j e")
    await expect(page.locator(".inbox .empty")).to_have_text("No unread messages.")


async def open_at_the_last_of_60(hive: RunningHive, open_page: Callable[..., Any]) -> Page:
    """The page with the keyboard at the last of 60 messages, `note 59`; few of them fit the view."""
    for number in range(60):
        await hive.agents["alice"].send("bob", f"note {number:02}\n" * 14)
    page: Page = await open_page(hive)
    await press(page, "g m k")
    await expect(focused(page)).to_contain_text("note 59")
    return page


async def test_a_long_list_is_walked_and_its_rows_unfold(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    page = await open_at_the_last_of_60(hive, open_page)
    for _ in range(40):
        await page.keyboard.press("k")
    # Keys that come faster than rows are drawn wait for them.
    await expect(focused(page)).to_contain_text("note 19", timeout=45_000)
    await expect(focused(page)).to_be_in_viewport()
    await press(page, "x")
    await expect(focused(page).get_by_role("button", name="Show less")).to_be_visible()
    await press(page, "r")
    await expect(page.locator(".replying")).to_contain_text("to alice")
    await expect(page.get_by_label("Message to alice")).to_be_focused()


async def test_the_view_follows_keys_that_come_faster_than_frames(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    page = await open_at_the_last_of_60(hive, open_page)
    at = 59
    for key, by, times in (("k", -1, 25), ("k", -1, 7), ("j", 1, 9), ("k", -1, 30)):
        await page.evaluate(PRESS_AT_ONCE, [key, times])
        at += by * times
        await expect(focused(page)).to_contain_text(f"note {at:02}", timeout=45_000)
        await expect(focused(page)).to_be_in_viewport()


#: The keyboard's row is moved far out of the view while keys are followed, and more of them come at once.
LEAVE_BETWEEN_KEYS = """async ([key, times, frames]) => {
  const press = () => document.activeElement.dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  const box = document.querySelector(".flow .scroll");
  for (let at = 0; at < times; at += 1) press();
  for (let at = 0; at < frames; at += 1) await new Promise(requestAnimationFrame);
  box.scrollTop = 0;
  for (let at = 0; at < times; at += 1) press();
}"""


@pytest.mark.parametrize("frames", [0, 1, 2, 3])
async def test_no_row_is_skipped_when_the_keyboards_row_leaves_the_page_between_keys(
    hive: RunningHive, open_page: Callable[..., Any], frames: int
) -> None:
    page = await open_at_the_last_of_60(hive, open_page)
    await page.evaluate(LEAVE_BETWEEN_KEYS, ["k", 8, frames])
    await expect(focused(page)).to_contain_text("note 43", timeout=45_000)
    await expect(focused(page)).to_be_in_viewport()


async def test_keys_go_on_from_the_row_that_has_left_the_page(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    page = await open_at_the_last_of_60(hive, open_page)
    await page.locator(".flow .scroll").evaluate("(box) => { box.scrollTop = 0; }")
    await expect(page.locator(".flow .scroll")).to_be_focused()
    await page.evaluate(PRESS_AT_ONCE, ["k", 5])
    await expect(focused(page)).to_contain_text("note 54", timeout=45_000)
    await expect(focused(page)).to_be_in_viewport()


async def test_a_key_that_asks_for_an_end_leaves_the_row_behind(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    page = await open_at_the_last_of_60(hive, open_page)
    await page.locator(".flow .scroll").evaluate("(box) => { box.scrollTop = 0; }")
    await expect(page.locator(".flow .scroll")).to_be_focused()
    await page.keyboard.press("Home")
    await page.keyboard.press("j")
    await expect(focused(page)).to_contain_text("note 00")


#: The first row in the page comes to the middle of the view: by how much it is elsewhere in the end.
FIRST_TO_THE_MIDDLE = """async () => {
  const box = document.querySelector(".flow .scroll");
  const row = box.querySelector("[data-row]");
  const place = () => row.getBoundingClientRect().top - box.getBoundingClientRect().top;
  row.focus({ preventScroll: true });
  box.scrollTop += place() - box.clientHeight / 2;
  const before = place();
  for (let frame = 0; frame < 30; frame += 1) await new Promise(requestAnimationFrame);
  return [row.isConnected, Math.round(place() - before)];
}"""


async def test_a_row_in_view_stays_while_rows_above_it_turn_out_higher(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    page = await open_at_the_last_of_60(hive, open_page)
    assert await page.evaluate(FIRST_TO_THE_MIDDLE) == [True, 0]


async def test_a_letter_in_a_field_is_a_letter(hive: RunningHive, page: Page) -> None:
    await press(page, "c")
    to = page.get_by_label("To", exact=True)
    await expect(to).to_be_focused()
    await page.keyboard.type("bob")
    await press(page, "Enter")
    field = page.get_by_label("Message", exact=True)
    await page.keyboard.type("g i j k ? / c")
    await expect(field).to_have_value("g i j k ? / c")
    await expect(page.locator("dialog")).to_have_count(0)
    # Out of the field, letters are commands again; with the recipient chosen, c leads to the text.
    await press(page, "Escape")
    await expect(page.locator("#flow-title")).to_be_focused()
    await press(page, "c")
    await expect(field).to_be_focused()
    await press(page, "Escape /")
    await expect(page.get_by_label("Text")).to_be_focused()
    await page.keyboard.press("Control+g")
    await expect(page.get_by_label("Text")).to_be_focused()


async def test_the_list_of_keys_holds_the_keyboard_and_gives_it_back(hive: RunningHive, page: Page) -> None:
    await page.locator("#agent-bob").focus()
    await press(page, "?")
    dialog = page.get_by_role("dialog", name="Keys")
    await expect(dialog).to_be_visible()
    await expect(dialog.get_by_role("button", name="Close")).to_be_focused()
    for _ in range(6):
        await page.keyboard.press("Tab")
        inside = "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        assert await page.evaluate(inside)
    # Not while it is open.
    await press(page, "g i")
    await expect(page.locator("#inbox-title")).not_to_be_focused()
    await press(page, "Escape")
    await expect(dialog).to_have_count(0)
    await expect(page.locator("#agent-bob")).to_be_focused()


async def test_single_keys_can_be_switched_off_and_the_list_still_opens(
    hive: RunningHive, page: Page
) -> None:
    await page.get_by_role("button", name="Keys").click()
    await page.get_by_label("Single letters are commands.").uncheck()
    await press(page, "Escape")
    await expect(page.locator("dialog")).to_have_count(0)
    await press(page, "g i j")
    await expect(page.locator("#inbox-title")).not_to_be_focused()
    await page.reload()
    await page.locator(".link[data-link=live]").wait_for()
    await press(page, "?")
    await expect(page.locator("dialog")).to_have_count(0)
    await page.get_by_role("button", name="Keys").click()
    await page.get_by_label("Single letters are commands.").check()
    await press(page, "Escape g i")
    await expect(page.locator("#inbox-title")).to_be_focused()


async def test_the_first_tab_offers_ways_past_the_rest(hive: RunningHive, page: Page) -> None:
    await page.keyboard.press("Tab")
    skip = page.get_by_role("button", name="Skip to questions")
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport()
    await page.get_by_role("button", name="Skip to messages").press("Enter")
    await expect(page.locator("#flow-title")).to_be_focused()
