"""A long list of which only what is in view is in the page: its place stays, its end sticks."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.dashboard.conftest import RunningHive, note, report, status

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: Where the row that is in the middle of the view stands, and what it is.
MIDDLE = """() => {
  const box = document.querySelector('.log .scroll').getBoundingClientRect();
  const at = document.elementFromPoint(box.left + 200, box.top + box.height / 2).closest('li');
  return [at.getAttribute('aria-posinset'), at.textContent, Math.round(at.getBoundingClientRect().top)];
}"""


def told(text: str) -> dict[str, Any]:
    """The same as a harness reports it."""
    return note(text).model_dump(mode="json")


def lines(number: int) -> str:
    """A text of one to nine lines."""
    return "\n".join(f"note {number:04}" for _ in range(1 + number * 7 % 9))


async def open_log(hive: RunningHive, page: Page) -> Locator:
    await page.goto(f"{hive.url}/#/agent/alice")
    await expect(page.locator(".log li").first).to_be_attached()
    return page.locator(".log .scroll")


async def test_a_list_shows_its_end_and_holds_only_what_is_near_the_view(
    hive: RunningHive, page: Page
) -> None:
    await hive.write_log("alice", [note(lines(number)) for number in range(200)])
    await open_log(hive, page)
    last = page.locator(".log li").last
    await expect(last).to_contain_text("note 0199")
    await expect(last).to_be_in_viewport()
    assert await page.locator(".log li").count() < 80


async def test_a_list_whose_style_comes_late_opens_at_its_end(hive: RunningHive, page: Page) -> None:
    styled = asyncio.Event()

    async def hold_back(route: Route) -> None:
        await styled.wait()
        await route.continue_()

    await page.route("**/css/log.css", hold_back)
    await hive.write_log("alice", [note(lines(number)) for number in range(200)])
    scroll = await open_log(hive, page)
    # It may hear of its own movement in the moment when the style is there.
    await scroll.evaluate("""(box) => document.querySelector('link[href$="/log.css"]').addEventListener(
      'load', () => box.dispatchEvent(new Event('scroll')))""")
    styled.set()
    await expect(page.locator(".log li").last).to_be_in_viewport()
    await expect(page.locator(".log li").last).to_contain_text("note 0199")
    assert await page.locator(".log li").count() < 80


async def test_rows_that_grow_before_a_list_hears_of_its_own_movement_leave_it_at_its_end(
    hive: RunningHive, page: Page
) -> None:
    await hive.write_log("alice", [note(lines(number)) for number in range(200)])
    scroll = await open_log(hive, page)
    await expect(page.locator(".log li").last).to_be_in_viewport()
    left = await scroll.evaluate("""async (box) => {
      box.querySelector('li:last-child').style.minHeight = '600px';
      box.dispatchEvent(new Event('scroll'));
      await new Promise((done) => setTimeout(done, 600));
      return box.scrollHeight - box.scrollTop - box.clientHeight;
    }""")
    assert left < 2


async def test_the_view_keeps_its_place_while_older_rows_are_loaded_and_new_ones_arrive(
    hive: RunningHive, page: Page
) -> None:
    await hive.write_log("alice", [note(lines(number)) for number in range(600)])
    scroll = await open_log(hive, page)
    link = await hive.agents["alice"].link()
    await scroll.hover()
    await page.mouse.wheel(0, -4000)
    await expect(page.get_by_role("button", name="Latest")).to_be_visible()
    rows = page.locator(".log li").first
    while int(await rows.get_attribute("aria-setsize") or 0) < 600:
        _, text, top = await page.evaluate(MIDDLE)
        size = await rows.get_attribute("aria-setsize")
        await page.mouse.wheel(0, -1500)
        await page.wait_for_function(
            "(before) => { const now = [...document.querySelectorAll('.log li')];"
            " return now[0].getAttribute('aria-setsize') !== before[0]"
            " || !now.some((one) => one.textContent === before[1]"
            " && Math.abs(one.getBoundingClientRect().top - before[2]) < 100); }",
            arg=[size, text, top],
        )
    await page.mouse.wheel(0, 700)
    await page.wait_for_function("() => new Promise((done) => setTimeout(done, 300, true))")
    place = await page.evaluate(MIDDLE)
    for number in range(30):
        await link.send_json(report(status("idle"), told(f"fresh {number}")))
    pill = page.get_by_role("button", name="30 new")
    await expect(pill).to_be_visible()
    assert await page.evaluate(MIDDLE) == place
    await pill.click()
    await expect(page.locator(".log li").last).to_contain_text("fresh 29")
    await expect(page.locator(".log li").last).to_be_in_viewport()
    await expect(page.locator(".pill")).to_have_count(0)
    await link.send_json(report(status("idle"), told("one more")))
    await expect(page.locator(".log li").last).to_contain_text("one more")
    await expect(page.locator(".log li").last).to_be_in_viewport()
    await link.close()


async def test_the_view_stays_where_it_was_moved_to_when_a_row_changes_its_size_in_the_same_frame(
    hive: RunningHive, page: Page
) -> None:
    await hive.write_log("alice", [note(lines(number)) for number in range(200)])
    await open_log(hive, page)
    await expect(page.locator(".log li").last).to_be_in_viewport()
    place = await page.evaluate("""() => new Promise((done) => requestAnimationFrame(() => {
      const box = document.querySelector('.log .scroll');
      box.scrollTop -= 500;
      box.querySelector('li:last-child').style.minHeight = '400px';
      const { left, top, height } = box.getBoundingClientRect();
      const row = document.elementFromPoint(left + 200, top + height / 2).closest('li');
      const before = row.getBoundingClientRect().top;
      setTimeout(() => done(row.getBoundingClientRect().top - before), 600);
    }))""")
    assert abs(place) < 2


async def test_a_movement_that_begins_at_the_end_is_not_held_there_while_rows_change_their_size(
    hive: RunningHive, page: Page
) -> None:
    await hive.write_log("alice", [note(lines(number)) for number in range(200)])
    await open_log(hive, page)
    await expect(page.locator(".log li").last).to_be_in_viewport()
    left = await page.evaluate("""async () => {
      const box = document.querySelector('.log .scroll');
      const last = box.querySelector('li:last-child');
      const height = last.getBoundingClientRect().height;
      for (let frame = 0; frame < 20; frame += 1) {
        await new Promise(requestAnimationFrame);
        box.scrollTop -= 15;
        last.style.minHeight = `${height + 1 + frame % 2}px`;
      }
      await new Promise((done) => setTimeout(done, 600));
      return box.scrollHeight - box.scrollTop - box.clientHeight;
    }""")
    assert left > 250


async def test_home_leads_to_the_begin_while_rows_above_change_their_size(
    hive: RunningHive, page: Page
) -> None:
    await hive.write_log("alice", [note(lines(number)) for number in range(200)])
    scroll = await open_log(hive, page)
    await scroll.press("Home")
    await expect(page.locator(".log li").first).to_have_attribute("aria-posinset", "1")
    await scroll.evaluate("(box) => { box.scrollTop = 5000; }")
    await page.wait_for_function("() => new Promise((done) => setTimeout(done, 300, true))")
    top = await scroll.evaluate("""async (box) => {
      const frame = () => new Promise(requestAnimationFrame);
      await frame();
      box.scrollTop -= 30;
      await frame();
      await frame();
      box.querySelector('li').style.minHeight = '400px';
      await frame();
      box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Home', bubbles: true, cancelable: true }));
      await new Promise((done) => setTimeout(done, 600));
      return box.scrollTop;
    }""")
    assert top == 0


async def test_unfolding_a_row_at_the_end_keeps_its_begin_in_view_and_it_stays_unfolded_out_of_view(
    hive: RunningHive, page: Page
) -> None:
    long = "\n".join(f"line {number}" for number in range(60))
    await hive.write_log("alice", [*(note(lines(number)) for number in range(100)), note(long)])
    scroll = await open_log(hive, page)
    row = page.locator(".log li", has_text="line 0")
    before = await row.bounding_box()
    await row.get_by_role("button", name="Show all").click()
    await expect(row).to_contain_text("line 59")
    after = await row.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) < 2
    assert after["height"] > before["height"] * 2
    await scroll.press("Home")
    await expect(row).to_have_count(0)
    await scroll.press("End")
    await expect(row).to_contain_text("line 59")
    await row.get_by_role("button", name="Show less").click()
    await expect(row.get_by_role("button", name="Show all")).to_be_in_viewport()


async def test_the_keyboard_stays_in_the_list_when_the_row_with_the_focus_leaves_the_page(
    hive: RunningHive, page: Page
) -> None:
    long = "\n".join(f"line {number}" for number in range(60))
    await hive.write_log("alice", [*(note(lines(number)) for number in range(150)), note(long)])
    scroll = await open_log(hive, page)
    await page.get_by_role("button", name="Show all").last.focus()
    await page.keyboard.press("Home")
    await expect(scroll).to_be_focused()
    await page.keyboard.press("End")
    await expect(page.locator(".log li").last).to_be_in_viewport()
