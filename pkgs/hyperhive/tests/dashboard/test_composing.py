"""What is typed and is no text, or not ours: an input method's keys, and half a character."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.dashboard.conftest import RunningHive
from tests.dashboard.shells import open_terminal

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: In the order of events that each engine has: while it composes, and (Safari) after it has.
COMPOSED = """(field, [safari, key]) => {
  const write = (type) => field.dispatchEvent(new CompositionEvent(type, { bubbles: true, data: "日本" }));
  const press = (isComposing) => field.dispatchEvent(
    new KeyboardEvent("keydown", { key, keyCode: 229, isComposing, bubbles: true, cancelable: true }));
  write("compositionstart");
  if (safari) { write("compositionend"); press(false); } else { press(true); write("compositionend"); }
}"""


async def compose(field: Locator, key: str = "Enter") -> None:
    await field.focus()
    for safari in (True, False):
        await field.evaluate(COMPOSED, [safari, key])


async def really_pressed(page: Page) -> None:
    """As the browser itself acts on such a key, with the line that follows where nobody stops it."""
    session = await page.context.new_cdp_session(page)
    enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229, "text": "\r"}
    await session.send("Input.dispatchKeyEvent", {"type": "keyDown", **enter})
    await session.send("Input.dispatchKeyEvent", {"type": "keyUp", **enter})


async def posts(page: Page) -> list[str]:
    """Paths that the page posts to from now on."""
    found: list[str] = []
    page.on("request", lambda request: request.method == "POST" and found.append(request.url))
    return found


async def test_a_composition_in_the_composer_sends_nothing_and_takes_no_recipient(
    hive: RunningHive, page: Page
) -> None:
    asked = await posts(page)
    to, body = page.get_by_label("To", exact=True), page.get_by_label("Message", exact=True)
    await to.fill("al")
    await compose(to)
    await compose(to, "Escape")
    await expect(to).to_have_value("al")
    await expect(to).to_be_focused()
    await expect(page.get_by_role("listbox", name="Recipients")).to_be_visible()
    await to.fill("alice")
    await page.keyboard.press("Enter")
    await body.fill("日本")
    await compose(body)
    await expect(body).to_have_value("日本")
    assert asked == []
    await page.keyboard.press("Enter")
    await expect(body).to_have_value("")
    assert len(asked) == 1


async def test_a_composition_in_an_answer_answers_nothing(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    await hive.agents["alice"].call("/v1/questions", {"question": "Which?"})
    page: Page = await open_page(hive)
    asked = await posts(page)
    field = page.get_by_label("Answer in your own words")
    await field.fill("日本")
    await compose(field)
    await expect(field).to_have_value("日本")
    assert asked == []
    await page.keyboard.press("Enter")
    await expect(page.locator("form.question")).to_have_count(0)


async def test_a_composition_on_an_agents_page_sends_and_completes_nothing(
    hive: RunningHive, page: Page
) -> None:
    asked = await posts(page)
    await page.goto(f"{hive.url}/#/agent/alice")
    field = page.get_by_label("Message to alice", exact=True)
    await field.fill("/mo")
    await expect(page.get_by_role("listbox", name="Commands")).to_be_visible()
    for key in ("Enter", "Tab", "ArrowDown"):
        await compose(field, key)
    await expect(field).to_have_value("/mo")
    await field.fill("日本")
    await compose(field)
    await expect(field).to_have_value("日本")
    assert asked == []


async def test_a_composition_in_a_form_of_one_line_sends_nothing(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    page: Page = await open_page(hive)
    await page.goto(f"{hive.url}/#/agent/alice/policy")
    asked = await posts(page)
    field = page.get_by_label("Would this command run?")
    await field.fill("whoami")
    await compose(field)
    await really_pressed(page)
    await expect(field).to_have_value("whoami")
    assert asked == []
    await page.keyboard.press("Enter")
    await expect(page.locator("form.explain [role=status]")).not_to_be_empty()


async def test_a_composition_on_the_login_page_sends_nothing(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    page: Page = await open_page(hive, log_in=False)
    await page.goto(hive.url)
    asked = await posts(page)
    field = page.locator("#secret")
    await field.fill("日本")
    await compose(field)
    await really_pressed(page)
    assert asked == []
    await field.fill(hive.broker.services.sessions.token())
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Agents")).to_be_visible()


async def test_a_letter_of_an_input_method_is_no_command(hive: RunningHive, page: Page) -> None:
    await page.locator("#flow-title").focus()
    for key in ("?", "c", "/"):
        await compose(page.locator("#flow-title"), key)
    await expect(page.locator("dialog[open]")).to_have_count(0)
    await expect(page.locator("#flow-title")).to_be_focused()


async def test_a_terminal_reads_the_keys_of_an_input_method_itself(shells: RunningHive, page: Page) -> None:
    await open_terminal(shells, page)
    field = page.locator(".xterm-helper-textarea")
    seen = await field.evaluate(
        """(field) => {
          let seen = false;
          field.addEventListener("keydown", () => { seen = true; }, true);
          field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", keyCode: 229, bubbles: true }));
          return seen;
        }"""
    )
    assert seen is True


async def test_half_a_character_that_is_sent_is_said(hive: RunningHive, page: Page) -> None:
    await page.get_by_label("To", exact=True).fill("alice")
    body = page.get_by_label("Message", exact=True)
    await body.evaluate(
        """(field) => {
          field.value = "half " + String.fromCharCode(0xd83d);
          field.dispatchEvent(new Event("input", { bubbles: true }));
        }"""
    )
    await body.press("Enter")
    await expect(page.locator(".notices")).to_contain_text(
        "1 character that nothing can keep; each became \ufffd"
    )
    (message,) = (await hive.broker.services.messages.page(before=None, limit=1)).messages
    assert message.body == "half \ufffd"
