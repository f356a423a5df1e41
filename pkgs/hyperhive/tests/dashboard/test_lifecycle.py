import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from tests.dashboard.conftest import Complaints, RunningHive, report, status
from tests.sleepers import sleeping_agents
from tests.systemctl import Systemctl

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNIT = "container@h-alice.service"


@pytest_asyncio.fixture(loop_scope="module")
async def supervised(hive: RunningHive) -> AsyncIterator[RunningHive]:
    """The default hive, with something that runs its agents."""
    async with sleeping_agents(hive.config):
        yield hive


def button(page: Page, name: str) -> Locator:
    return page.locator(".lifecycle").get_by_role("button", name=name, exact=True)


async def test_stop_asks_back_and_the_agent_is_shown_as_stopped_until_it_is_started(
    supervised: RunningHive, open_page: Callable[..., Any]
) -> None:
    page: Page = await open_page(supervised)
    row = page.locator("#agent-alice")
    await expect(row.locator(".state")).to_have_text("starting")
    await row.click()
    await expect(page.get_by_role("group", name="Run alice")).to_be_visible()
    await button(page, "Stop").click()
    await expect(row.locator(".state")).to_have_text("starting")
    await button(page, "Yes, stop it").click()
    await expect(row.locator(".state")).to_have_text("stopped")
    await expect(row.locator(".detail")).to_have_text("stopped by the operator")
    await expect(button(page, "Restart")).to_have_count(0)
    # The keyboard stays where it was: Enter starts the agent again.
    await expect(button(page, "Start")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(row.locator(".state")).to_have_text("starting")
    await expect(button(page, "Stop")).to_be_focused()
    await expect(page.locator(".log .entry")).to_contain_text(
        ["alice was stopped by the operator", "alice was started by the operator"]
    )


async def test_who_does_not_confirm_stops_nothing(
    supervised: RunningHive, open_page: Callable[..., Any]
) -> None:
    link = await supervised.agents["alice"].link()
    page: Page = await open_page(supervised)
    await page.locator("#agent-alice").click()
    await link.send_json(report(status("working", "Bash", turn="t1")))
    await button(page, "Restart").click()
    await expect(button(page, "Yes, restart it and end its turn")).to_be_visible()
    await expect(button(page, "Restart")).to_be_visible(timeout=8000)
    await expect(page.locator("#agent-alice .state")).to_contain_text("working")
    await expect(page.locator(".log .entry")).to_have_count(0)
    await link.close()


async def test_what_a_manager_does_pops_up(supervised: RunningHive, open_page: Callable[..., Any]) -> None:
    page: Page = await open_page(supervised)
    await supervised.agents["boss"].call("/v1/agents/bob/stop", {})
    await expect(page.locator(".notices")).to_contain_text("bob was stopped by boss")
    await expect(page.locator("#agent-bob .detail")).to_have_text("stopped by boss")


async def test_a_container_that_failed_says_why_and_so_does_a_start_that_fails(
    start_hive: Callable[..., Any],
    open_page: Callable[..., Any],
    systemctl: Systemctl,
    complaints: Complaints,
) -> None:
    systemctl.unit("alice", "failed", Result="exit-code", ExecMainStatus="1")
    systemctl.unit("bob", "active")
    systemctl.play("start", f"echo 'Failed to start {UNIT}: Access denied' >&2; exit 4")
    hive: RunningHive = await start_hive(runtime="nixos", agents={"alice": {}, "bob": {}})
    page: Page = await open_page(hive)
    row = page.locator("#agent-alice")
    await expect(row.locator(".state")).to_have_text("failed")
    await expect(row.locator(".detail")).to_have_text("exit-code: its main process ended with status 1")
    await expect(page.locator(".needs")).to_have_text(re.compile(r"^\s*alice failed\s*$"))
    await row.click()
    await expect(page.locator(".panel .facts")).to_contain_text(UNIT)
    await button(page, "Start").click()
    await expect(page.locator(".doing .problem")).to_have_text(
        f"systemctl start {UNIT}: Failed to start {UNIT}: Access denied"
    )
    # A refused call is an error line of the browser's own.
    assert [one for one in complaints if "502" not in one] == []
    complaints.clear()


@pytest.mark.parametrize("verb", ["start", "stop"])
async def test_a_slow_call_is_shown_and_a_start_can_be_given_up(
    start_hive: Callable[..., Any], open_page: Callable[..., Any], systemctl: Systemctl, verb: str
) -> None:
    go = systemctl.bin / "go"
    systemctl.unit("alice", "inactive" if verb == "start" else "active")
    systemctl.play(verb, f"while [ ! -e {go} ]; do sleep 0.05; done")
    hive: RunningHive = await start_hive(runtime="nixos", agents={"alice": {}})
    page: Page = await open_page(hive)
    await page.locator("#agent-alice").click()
    if verb == "start":
        await button(page, "Start").click()
        await expect(page.locator("#agent-alice .detail")).to_have_text("is being started by the operator")
        await expect(button(page, "Restart")).to_have_attribute("aria-disabled", "true")
        await expect(button(page, "Stop")).to_have_attribute("aria-disabled", "false")
    else:
        await button(page, "Stop").click()
        await button(page, "Yes, stop it").click()
        await expect(button(page, "Stopping…")).to_have_attribute("aria-disabled", "true")
        await expect(page.locator("#agent-alice .state")).to_have_text("stopping")
    go.touch()
    await expect(page.locator("#agent-alice .state")).to_have_text(
        "starting" if verb == "start" else "stopped"
    )
