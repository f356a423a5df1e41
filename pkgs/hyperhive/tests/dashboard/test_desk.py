import re

import pytest
from playwright.async_api import Page, expect

from tests.dashboard.conftest import RunningHive

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_an_option_answers_the_question_and_the_asker_gets_it(hive: RunningHive, page: Page) -> None:
    asked = {"question": "Rename the symbol?", "options": ["Rename", "Keep"], "ttl_seconds": 600}
    await hive.agents["alice"].call("/v1/questions", asked)
    card = page.locator(".question", has_text="Rename the symbol?")
    await expect(card.locator(".countdown")).to_have_text(re.compile(r"9:5\d|10:00"))
    await card.get_by_role("button", name="Keep", exact=True).click()
    await expect(page.locator(".questions .empty")).to_have_text("No agent waits for your answer.")
    [answer] = await hive.agents["alice"].lease("t", wait_seconds=30)
    assert (answer["kind"], answer["sender"]) == ("question_answered", "system")
    assert "Keep" in answer["body"]
    await page.get_by_role("button", name="Recently closed").click()
    await expect(page.locator(".closed")).to_contain_text("answered by operator")


async def test_several_options_and_own_words_make_one_answer(hive: RunningHive, page: Page) -> None:
    asked = {"question": "Which?", "options": ["a", "b", "c"], "multi": True}
    await hive.agents["alice"].call("/v1/questions", asked)
    card = page.locator(".question", has_text="Which?")
    await card.get_by_label("c", exact=True).check()
    await card.get_by_label("a", exact=True).check()
    await card.get_by_label("Answer in your own words").fill("and d")
    await card.get_by_label("Answer in your own words").press("Enter")
    await expect(card).to_have_count(0)
    [answer] = await hive.agents["alice"].lease("t", wait_seconds=30)
    assert "a, c, and d" in answer["body"]


async def test_cancelling_a_question_asks_back_first(hive: RunningHive, page: Page) -> None:
    await hive.agents["alice"].call("/v1/questions", {"question": "Still needed?"})
    await page.get_by_role("button", name="Cancel question").click()
    await page.get_by_role("button", name="Cancel it: no answer will come").click()
    await expect(page.locator(".question")).to_have_count(0)
    [told] = await hive.agents["alice"].lease("t", wait_seconds=30)
    assert told["kind"] == "question_cancelled"


async def test_a_reply_reaches_the_sender_and_marks_the_message_read(hive: RunningHive, page: Page) -> None:
    letter = await hive.agents["alice"].send("operator", "finished, what next?")
    await page.get_by_role("button", name="Reply", exact=True).first.click()
    field = page.get_by_label("Message to alice")
    await expect(field).to_be_focused()
    await field.fill("the docs")
    await field.press("Enter")
    await expect(page.locator(".inbox .empty")).to_have_text("No unread messages.")
    [reply] = await hive.agents["alice"].lease("t", wait_seconds=30)
    assert (reply["sender"], reply["body"], reply["in_reply_to"]) == ("operator", "the docs", letter["id"])


async def test_the_composer_completes_a_name_and_sends_with_enter(hive: RunningHive, page: Page) -> None:
    to = page.get_by_label("To", exact=True)
    await to.click()
    await expect(page.get_by_role("listbox").get_by_role("option")).to_have_text(
        [re.compile("boss"), re.compile("alice"), re.compile("bob"), re.compile("manager"), re.compile(r"\*")]
    )
    await page.keyboard.type("bo")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(to).to_have_value("bob")
    await page.keyboard.type("first line")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("second line")
    await page.keyboard.press("Enter")
    await expect(page.locator(".composer .after")).to_have_text("Sent to bob")
    await expect(page.get_by_label("Message", exact=True)).to_have_value("")
    [message] = await hive.agents["bob"].lease("t", wait_seconds=30)
    assert (message["sender"], message["body"]) == ("operator", "first line\nsecond line")


async def test_the_recipient_stays_for_the_next_message_and_a_star_is_everyone(
    hive: RunningHive, page: Page
) -> None:
    to = page.get_by_label("To", exact=True)
    await to.focus()
    await page.keyboard.type("every")
    await page.keyboard.press("Tab")
    await expect(to).to_have_value("*")
    await page.keyboard.type("one")
    await page.keyboard.press("Enter")
    await expect(page.locator(".composer .after")).to_have_text("Sent to 3 agents")
    await expect(to).to_have_value("*")
    await page.keyboard.type("two")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Message", exact=True)).to_have_value("")
    for agent in hive.agents.values():
        assert [one["body"] for one in await agent.lease("t", wait_seconds=30)] == ["one", "two"]


async def test_a_message_that_could_not_be_sent_stays_in_the_composer(
    hive: RunningHive, page: Page, complaints: list[str]
) -> None:
    await page.get_by_label("To", exact=True).fill("nobody")
    await page.get_by_label("Message", exact=True).fill("hello?")
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("alert")).to_contain_text("nobody")
    await expect(page.get_by_label("Message", exact=True)).to_have_value("hello?")
    # The browser itself notes every answer that is not a success.
    assert [line for line in complaints if "404" not in line] == []
    complaints.clear()


async def test_focus_and_half_typed_words_survive_every_kind_of_update(hive: RunningHive, page: Page) -> None:
    await hive.agents["bob"].call("/v1/questions", {"question": "First?", "options": ["x"]})
    card = page.locator(".question", has_text="First?")
    await card.get_by_label("Answer in your own words").fill("half an ans")
    await page.get_by_label("To", exact=True).fill("alice")
    field = page.get_by_label("Message", exact=True)
    await field.fill("half a mess")
    await page.get_by_role("button", name="Recently closed").count()
    for number in range(5):
        await hive.agents["alice"].send("bob", f"note {number}")
        await hive.agents["alice"].send("operator", f"mail {number}")
        await hive.agents["alice"].call("/v1/questions", {"question": f"Another {number}?"})
    link = await hive.agents["alice"].link()
    await expect(page.locator(".inbox .inbox-message")).to_have_count(5)
    await expect(page.locator(".question")).to_have_count(6)
    await expect(field).to_be_focused()
    await page.keyboard.type("age")
    await expect(field).to_have_value("half a message")
    await expect(card.get_by_label("Answer in your own words")).to_have_value("half an ans")
    await page.reload()
    await expect(page.get_by_label("Message", exact=True)).to_have_value("half a message")
    await expect(page.get_by_label("To", exact=True)).to_have_value("alice")
    await link.close()
