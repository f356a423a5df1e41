import asyncio
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from hyperhive.services.hive import FIRST_MESSAGES
from tests.dashboard.conftest import RunningHive, report, status

pytestmark = pytest.mark.asyncio(loop_scope="module")


def row(page: Page, text: str) -> Locator:
    return page.locator(".flow .message", has_text=text)


async def test_a_message_between_agents_appears_live_and_its_state_follows(
    hive: RunningHive, page: Page
) -> None:
    await hive.agents["alice"].send("bob", "the parser is green")
    message = row(page, "the parser is green")
    await expect(message.locator(".route")).to_have_text("alice→bob")
    await expect(message.locator(".state")).to_have_text("queued")
    await hive.agents["bob"].lease("turn-1")
    await expect(message.locator(".state")).to_have_text("leased")
    await hive.agents["bob"].call("/v1/inbox/requeue", {"turn": "turn-1"})
    await hive.agents["bob"].lease("turn-2")
    await expect(message.locator(".state")).to_have_text(["redelivered", "leased"])
    await hive.agents["bob"].call("/v1/inbox/ack", {"turn": "turn-2"})
    await expect(message.locator(".state")).to_have_text(["redelivered", "acked"])


async def test_a_refused_message_stands_out_and_names_the_rule(
    start_hive: Callable[..., Any], open_page: Callable[..., Any]
) -> None:
    hive: RunningHive = await start_hive(agents={"alice": {"allowed_recipients": []}, "bob": {}})
    page: Page = await open_page(hive)
    async with hive.agents["alice"].client.post(
        "/v1/messages", json={"to": "bob", "body": "psst"}
    ) as response:
        assert response.status == 403
    message = row(page, "psst")
    await expect(message.locator(".state")).to_have_text("refused")
    await expect(message.locator(".rule")).to_have_text("recipient_denied alice may not write to bob.")


async def test_the_top_line_counts_what_waits_for_the_operator(hive: RunningHive, page: Page) -> None:
    line = page.locator(".needs")
    await expect(line).to_contain_text("Nothing needs you")
    await hive.agents["alice"].send("operator", "done")
    await hive.agents["bob"].call("/v1/questions", {"question": "Shall I?"})
    link = await hive.agents["bob"].link()
    await link.send_json(report(status("needs_login", "the token was refused")))
    await expect(line).to_have_text(re.compile(r"1 question for you.*1 unread message.*bob needs login"))
    await expect(page).to_have_title("(2) hyperhive")
    await page.get_by_role("button", name="Mark read").click()
    await link.send_json(report(status("idle")))
    await expect(line).to_have_text(re.compile(r"^\s*1 question for you\s*$"))
    await link.close()


async def test_an_agents_state_is_shown_as_it_reports_it(hive: RunningHive, page: Page) -> None:
    agent = page.locator("#agent-alice")
    await expect(agent).to_contain_text("offline")
    link = await hive.agents["alice"].link()
    working = status("working", "Bash: pytest", turn="t", context_used=50_000, context_max=200_000)
    await link.send_json(report(working))
    await expect(agent).to_contain_text(re.compile(r"working\s+0:0\d"))
    await expect(agent).to_contain_text("Bash: pytest")
    await expect(agent).to_contain_text("25 %")
    await link.close()
    await expect(agent).to_contain_text("offline")


async def test_the_panel_shows_the_live_log_and_cancels_the_turn(hive: RunningHive, page: Page) -> None:
    link = await hive.agents["alice"].link()
    started = {"ts": 1.0, "turn": "t1"}
    await link.send_json(
        report(
            status("working", "Bash", turn="t1"),
            {**started, "kind": "turn_start", "data": {"prompt": "do it", "messages": [1]}},
            {**started, "kind": "tool_use", "data": {"id": "a", "name": "Bash", "input": {"command": "ls"}}},
        )
    )
    await page.locator("#agent-alice").click()
    log = page.locator(".log .entry")
    await expect(log).to_have_text([re.compile("Turn running.*do it"), re.compile(r"Bash\s*\$ ls")])
    await link.send_json(
        report(
            None,
            {**started, "kind": "tool_result", "data": {"id": "a", "is_error": False, "text": "a\nb\nc"}},
            {
                **started,
                "kind": "refused",
                "data": {"tool": "Bash", "input": {"command": "rm x"}, "rule": "no_pattern", "reason": "no"},
            },
        )
    )
    await expect(log).to_have_count(3)
    await expect(log.last).to_contain_text("Refused by no_pattern")
    await page.get_by_role("button", name="Result, 3 lines").click()
    await expect(log.nth(1)).to_contain_text("a\nb\nc")
    await page.get_by_role("button", name="Cancel turn").click()
    frame = await asyncio.wait_for(link.receive_json(), 30)
    while frame["type"] != "cancel":
        frame = await asyncio.wait_for(link.receive_json(), 30)
    await page.keyboard.press("Escape")
    await expect(page.locator(".panel")).to_have_count(0)
    await expect(page.locator("#agent-alice")).to_be_focused()
    await link.close()


async def test_the_panel_explains_what_the_bash_rules_make_of_a_command(
    start_hive: Callable[..., Any], open_page: Callable[..., Any]
) -> None:
    hive: RunningHive = await start_hive(agents={"alice": {"bash": ["git *"]}})
    page: Page = await open_page(hive)
    await page.locator("#agent-alice").click()
    await page.get_by_role("tab", name="Policy").click()
    await expect(page.locator(".policy")).to_contain_text("git *")
    field = page.get_by_label("Would this command run?")
    await field.fill("git log; rm -rf x")
    await field.press("Enter")
    await expect(page.locator(".verdict-box")).to_contain_text("It would be refused.")
    await field.fill("git log")
    await field.press("Enter")
    await expect(page.locator(".verdict-box")).to_contain_text("It would run.")
    await expect(page.locator(".verdict-text")).to_have_count(0)
    await field.fill('n=1; git log "$n"')
    await field.press("Enter")
    await expect(page.locator(".verdict-text")).to_contain_text("export -n n")
    await field.fill("/usr/bin/git log")
    await field.press("Enter")
    await expect(page.locator(".verdict-text")).to_have_text("Write insteadgit log")


async def test_a_list_that_was_scrolled_up_keeps_its_place_and_counts_what_is_new(
    hive: RunningHive, page: Page
) -> None:
    for number in range(40):
        await hive.agents["alice"].send("bob", f"note {number}")
    await expect(row(page, "note 39")).to_be_in_viewport()
    scroll = page.locator(".flow .scroll")
    await scroll.hover()
    await page.mouse.wheel(0, -600)
    middle = row(page, "note 25")
    await expect(middle).to_be_in_viewport()
    before = await middle.bounding_box()
    await hive.agents["alice"].send("bob", "one more")
    await hive.agents["alice"].send("bob", "and another")
    pill = page.get_by_role("button", name="2 new")
    await expect(pill).to_be_visible()
    assert await middle.bounding_box() == before
    await pill.click()
    await expect(row(page, "and another")).to_be_in_viewport()
    await expect(pill).to_have_count(0)


async def test_the_flow_pages_back_to_the_beginning_and_keeps_its_place(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    for number in range(330):
        await hive.agents["alice"].send("bob", f"note-{number:03}")
    page: Page = await open_page(hive)
    rows = page.locator(".flow .scroll li")
    await expect(rows.last).to_have_attribute("aria-setsize", str(FIRST_MESSAGES))
    for known, at_the_top in ((190, "note-240"), (290, "note-140"), (330, "note-040")):
        # The list has found its place and rests.
        await page.wait_for_function("() => new Promise((done) => setTimeout(done, 300, true))")
        await page.locator(".flow .scroll").hover()
        await page.mouse.wheel(0, -100_000)
        await expect(rows.first).to_have_attribute("aria-setsize", str(known))
        await expect(row(page, at_the_top)).to_be_in_viewport()
        # Only what is in view and around it is in the page.
        assert await rows.count() < 100
    await expect(page.locator(".flow .edge")).to_have_text("The beginning")


async def test_a_page_that_has_come_and_is_not_drawn_yet_is_not_followed_by_another(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    for number in range(330):
        await hive.agents["alice"].send("bob", f"note-{number:03}")
    page: Page = await open_page(hive, log_in=False)
    # Longer than a list takes to rest, when it looks again at what is in view.
    await page.add_init_script(
        "const frame = requestAnimationFrame;"
        "window.requestAnimationFrame = (draw) => setTimeout(() => frame(draw), 400);"
    )
    await page.goto(hive.broker.login_url())
    rows = page.locator(".flow .scroll li")
    await expect(rows.last).to_have_attribute("aria-setsize", str(FIRST_MESSAGES))
    await page.wait_for_timeout(1000)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "before=" in request.url else None)
    await page.locator(".flow .scroll").evaluate("(box) => { box.scrollTop = 0; }")
    await expect(rows.first).not_to_have_attribute("aria-setsize", str(FIRST_MESSAGES))
    await page.wait_for_timeout(1000)
    assert len(asked) == 1, asked


async def test_the_filter_finds_old_messages_and_hides_live_ones_that_do_not_match(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    await hive.agents["boss"].send("bob", "the needle")
    for number in range(220):
        await hive.agents["alice"].send("bob", f"hay {number}")
    page: Page = await open_page(hive)
    await expect(row(page, "the needle")).to_have_count(0)
    await page.get_by_label("Text").fill("NEEDLE")
    await expect(page.locator(".flow .message")).to_have_text([re.compile("the needle")])
    await hive.agents["alice"].send("bob", "more hay")
    await hive.agents["alice"].send("bob", "a needle again")
    await expect(page.locator(".flow .message")).to_have_text([re.compile("the needle"), re.compile("again")])
    await page.get_by_label("Text").fill("nothing like it")
    await page.get_by_role("button", name="Clear the filter").click()
    await expect(row(page, "more hay")).to_be_visible()


@pytest.mark.parametrize("width", [360, 1280])
async def test_an_agent_that_waits_for_an_answer_says_whose_and_leads_to_the_question(
    hive: RunningHive, open_page: Callable[..., Any], width: int
) -> None:
    page: Page = await open_page(hive, viewport={"width": width, "height": 740})
    link = await hive.agents["alice"].link()
    await link.send_json(report(status("idle")))
    asked = await hive.agents["alice"].call("/v1/questions", {"question": "Shall I?"})
    alice = page.locator("#agent-alice")
    await expect(alice.locator(".state")).to_have_text("waiting for you")
    await alice.click()
    await page.locator(".doing").get_by_text(f"Answer question {asked['id']}").click()
    await expect(page.locator(f"#question-{asked['id']}")).to_be_focused()
    await expect(page.locator(f"#question-{asked['id']}")).to_be_in_viewport()
    await page.get_by_label("Answer in your own words").fill("yes")
    await page.keyboard.press("Enter")
    await expect(alice.locator(".state")).to_have_text("idle")
    await hive.agents["alice"].call("/v1/questions", {"question": "And you?", "to": "bob"})
    await expect(alice.locator(".state")).to_have_text("waiting for bob")
    await link.close()


async def test_a_working_agent_shows_which_tool_runs_and_for_how_long(hive: RunningHive, page: Page) -> None:
    link = await hive.agents["alice"].link()
    tool = {"name": "mcp__orders__query", "since": time.time() - 65, "others": 1}
    await link.send_json(report(status("working", "mcp__orders__query", turn="t", tool=tool)))
    detail = page.locator("#agent-alice .detail")
    await expect(detail).to_have_text(re.compile(r"^orders: query for 1:\d\d, 1 more beside it$"))
    await link.send_json(report(status("working", turn="t")))
    await expect(detail).to_have_text("thinking")
    await link.close()
