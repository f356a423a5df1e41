"""The doctor's page: what is wrong, what to do about it, and every state in which it can be."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.dashboard.conftest import Complaints, RunningHive, report, status

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_what_is_wrong_stands_there_with_what_to_change_and_run(hive: RunningHive, page: Page) -> None:
    link = await hive.agents["alice"].link()
    await link.send_json(report(status("needs_login", "the token was <b>refused</b>")))
    await expect(page.locator("#agent-alice")).to_contain_text("needs login")
    await page.get_by_role("link", name="Doctor").click()
    assert page.url.endswith("#/doctor")
    await expect(page.locator("#panel-title")).to_be_focused()
    await expect(page.get_by_role("status").filter(has_text="Not all is as it should be.")).to_be_visible()
    machine = page.get_by_role("region", name="The machine and the broker")
    heading, first = await page.locator("#panel-title").bounding_box(), await machine.bounding_box()
    assert heading is not None
    assert first is not None
    assert first["x"] == heading["x"]
    await expect(machine.locator("[data-outcome=ok]", has_text="database")).to_contain_text("no fault")
    failed = page.get_by_role("region", name="alice").locator("[data-outcome=failed]")
    await expect(failed).to_have_count(1)
    await expect(failed.locator(".found")).to_have_text("needs login: the token was <b>refused</b>")
    await expect(failed.locator(".advice")).to_have_text(
        re.compile(r"Change\s*the credentials of \[agents.alice\]\s*Run\s*claude setup-token")
    )
    await link.send_json(report(status("idle")))
    await expect(page.locator("#agent-alice .state")).to_have_text("idle")
    await page.get_by_role("button", name="Look again").click()
    await expect(page.get_by_role("region", name="alice").locator("[data-outcome=failed]")).to_have_count(0)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("link", name="Doctor")).to_be_focused()
    await link.close()


async def test_a_socket_that_is_gone_is_found(hive: RunningHive, page: Page) -> None:
    path = Path(hive.config.runtime_dir) / "agents" / "bob" / "broker.sock"
    path.unlink()
    await page.goto(f"{hive.url}/#/doctor")
    sockets = page.locator(".doctor [data-outcome=failed]", has_text="open sockets")
    await expect(sockets.locator(".found")).to_have_text(f"{path} does not answer: No such file or directory")
    await expect(sockets.locator("code")).to_have_text(f"ls -l {path}")


async def test_an_agents_self_test_runs_from_here(hive: RunningHive, page: Page) -> None:
    link = await hive.agents["alice"].link()
    await page.goto(f"{hive.url}/#/doctor")
    alice = page.get_by_role("region", name="alice")
    await expect(alice.locator("li", has_text="self-test")).to_contain_text(
        "not run since the broker started"
    )
    # Bob is not connected, so he cannot be asked.
    await expect(page.get_by_role("button", name="Run the self-test of bob")).to_have_count(0)
    await page.get_by_role("button", name="Run the self-test of alice").click()
    asked = await link.receive_json(timeout=30)
    while asked["type"] != "run_self_test":
        asked = await link.receive_json(timeout=30)
    seen = [{"key": "claude", "outcome": "ok", "found": "9.9.9 (Claude Code)"}]
    await link.send_json({"type": "self_test_done", "id": asked["id"], "observations": seen})
    await expect(alice.locator("li", has_text="claude")).to_contain_text("9.9.9 (Claude Code)")
    # What it did not say counts as failed.
    await expect(alice.locator("[data-outcome=failed]", has_text="self-test")).to_contain_text("0 min ago")
    await link.close()


async def test_a_doctor_that_cannot_be_asked_says_so_and_can_be_asked_again(
    hive: RunningHive, open_page: Callable[..., Any], complaints: Complaints
) -> None:
    page: Page = await open_page(hive)
    await page.route("**/api/doctor", lambda route: route.abort())
    await page.goto(f"{hive.url}/#/doctor")
    await expect(page.get_by_role("alert")).to_have_text("The broker does not answer.")
    await page.unroute("**/api/doctor")
    await page.get_by_role("button", name="Look again").click()
    await expect(page.locator(".doctor .findings").first).to_be_visible()
    await expect(page.get_by_role("alert")).to_have_count(0)
    assert [line for line in complaints if "net::ERR_" not in line] == []
    complaints.clear()
