"""The one line on top is right: after each change of a real hive it says what the broker knows."""

import random
import re
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Page, expect

from hyperhive.protocol.agents import AgentState
from tests.dashboard.conftest import RunningHive, report, status

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: States that need somebody, with their words for one agent and for more.
STUCK = {
    AgentState.FAILED: ("failed", "failed"),
    AgentState.NEEDS_LOGIN: ("needs login", "need login"),
    AgentState.RATE_LIMITED: ("is rate limited", "are rate limited"),
    AgentState.OVER_BUDGET: ("is over budget", "are over budget"),
}


def counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


async def expected(hive: RunningHive) -> str:
    """The line as the broker's own state demands it."""
    state = await hive.broker.services.hive.state()
    asked = sum(one.state == "open" and one.target == "operator" for one in state.questions)
    inbox = (await hive.broker.services.messages.inbox(limit=500)).messages
    said = [f"{counted(asked, 'question', 'questions')} for you"] if asked else []
    said += [counted(len(inbox), "unread message", "unread messages")] if inbox else []
    for stuck, (one, many) in STUCK.items():
        names = [agent.name for agent in state.agents if agent.status.state is stuck]
        if names:
            said.append(f"{names[0]} {one}" if len(names) == 1 else f"{len(names)} agents {many}")
    working = sum(agent.status.state is AgentState.WORKING for agent in state.agents)
    quiet = f"Nothing needs you. {len(state.agents)} agents, {working or 'none'} working."
    return "".join(said) or quiet


class Life:
    """What can happen in a hive, one thing after the other, the same every time."""

    def __init__(self, hive: RunningHive, links: dict[str, aiohttp.ClientWebSocketResponse]) -> None:
        self._hive = hive
        self._links = links
        self._chance = random.Random(3)
        self._services = hive.broker.services

    async def step(self) -> None:
        await self._chance.choice(
            [self.ask, self.ask_a_peer, self.close, self.write, self.read, self.change, self.change]
        )()

    async def ask(self) -> None:
        await self._hive.agents["alice"].call("/v1/questions", {"question": "Shall I?"})

    async def ask_a_peer(self) -> None:
        await self._hive.agents["alice"].call("/v1/questions", {"question": "Will you?", "to": "bob"})

    async def close(self) -> None:
        questions = self._services.questions
        for one in [one for one in await questions.recent() if one.state == "open"][:1]:
            if self._chance.random() < 0.5:
                await questions.cancel(one.id, "operator")
            else:
                await questions.answer(one.id, "operator", "yes")

    async def write(self) -> None:
        await self._hive.agents["bob"].send("operator", "done")

    async def read(self) -> None:
        for one in (await self._services.messages.inbox()).messages[:1]:
            await self._services.messages.read([one.id])

    async def change(self) -> None:
        name = self._chance.choice(sorted(self._links))
        state = self._chance.choice([*STUCK, "idle", "working"])
        await self._links[name].send_json(report(status(state)))


def squeezed(text: str) -> str:
    return re.sub(r"[\s·]+", "", text)


async def line_of(page: Page, hive: RunningHive) -> tuple[str, str]:
    """What the page says and what it should, as soon as that is the same."""
    shown = wanted = ""
    # What an agent reports takes a moment to the broker, so both sides are looked at again.
    for _ in range(100):
        shown = squeezed(await page.locator(".needs p").first.inner_text())
        wanted = squeezed(await expected(hive))
        if shown == wanted:
            break
        await page.wait_for_timeout(100)
    return shown, wanted


async def test_the_line_follows_every_change_of_the_hive_in_two_sizes_of_page(
    hive: RunningHive, open_page: Callable[..., Any]
) -> None:
    links = {name: await hive.agents[name].link() for name in hive.agents}
    pages = [await open_page(hive), await open_page(hive, viewport={"width": 360, "height": 740})]
    life = Life(hive, links)
    for _ in range(40):
        await life.step()
        for page in pages:
            shown, wanted = await line_of(page, hive)
            assert shown == wanted
    for link in links.values():
        await link.close()


async def test_a_need_leads_to_where_it_can_be_met(hive: RunningHive, page: Page) -> None:
    link = await hive.agents["alice"].link()
    await link.send_json(report(status("failed", "no such model")))
    await hive.agents["bob"].call("/v1/questions", {"question": "Shall I?"})
    await page.get_by_role("button", name="1 question for you").click()
    await expect(page.locator("#questions-title")).to_be_focused()
    await page.locator(".needs").get_by_role("link", name="alice failed").click()
    await expect(page.locator("#panel-title")).to_have_text("alice")
    await link.close()
