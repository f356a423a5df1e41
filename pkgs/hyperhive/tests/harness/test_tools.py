"""Hyperhive's tools, called as a model calls them, and over stdio by a real MCP client."""

import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import ClientSession, types
from mcp.client.stdio import StdioServerParameters, stdio_client

from hyperhive.errors import RemoteError
from hyperhive.harness.mcp_stdio import AutoAckMailbox
from hyperhive.harness.tools import HiveTools
from hyperhive.protocol.lifecycle import Verb
from tests.harness.conftest import MakeHive, SmallHive
from tests.sleepers import sleeping_agents


async def call(hive: SmallHive, caller: str, tool: str, /, **arguments: Any) -> tuple[str, bool]:
    async with hive.client(caller) as client:
        role = hive.config.agents[caller].role
        tools = HiveTools(client, AutoAckMailbox(client), manager=role == "manager")
        result = await tools.call(tool, arguments)
    (block,) = result.content
    assert isinstance(block, types.TextContent)
    return block.text, bool(result.isError)


async def test_agents_and_managers_are_offered_their_tools(small_hive: MakeHive) -> None:
    hive = await small_hive("", boss={"role": "manager"}, alice={})
    offered = {}
    for name in ("alice", "boss"):
        async with hive.client(name) as client:
            offered[name] = HiveTools(client, AutoAckMailbox(client), manager=name == "boss").names
    common = [f"mcp__hyperhive__{tool}" for tool in ("send", "recv", "ask", "answer")]
    managers = ("ask_operator", "list_agents", "start", "stop", "restart")
    assert offered == {
        "alice": common,
        "boss": [*common, *(f"mcp__hyperhive__{tool}" for tool in managers)],
    }


async def test_mail_goes_from_send_to_recv(small_hive: MakeHive) -> None:
    hive = await small_hive("", alice={}, bob={})
    assert await call(hive, "alice", "send", to="bob", body="hi\nthere") == (
        "Message #1 to bob is queued.",
        False,
    )
    text, _ = await call(hive, "bob", "recv")
    assert text.startswith("[#1] from alice at ")
    assert text.endswith("| hi\n| there")
    assert await call(hive, "bob", "recv") == ("(no mail)", False)


async def test_a_broadcast_names_every_recipient(small_hive: MakeHive) -> None:
    hive = await small_hive("", alice={}, bob={}, carol={})
    text, _ = await call(hive, "alice", "send", to="*", body="all")
    assert text == "Message #1 to bob is queued.\nMessage #2 to carol is queued."


async def test_refusals_reach_the_model_with_their_key(small_hive: MakeHive) -> None:
    hive = await small_hive("", alice={"allowed_recipients": ["operator"]}, bob={})
    denied, is_error = await call(hive, "alice", "send", to="bob", body="hi")
    assert is_error
    assert denied.startswith("recipient_denied: ")
    unknown, _ = await call(hive, "bob", "send", to="nobody", body="hi")
    assert unknown.startswith("unknown_recipient: ")
    asked, _ = await call(hive, "alice", "ask", question="?", to="bob")
    assert asked.startswith("recipient_denied: ")


async def test_bad_input_names_the_field_and_the_value(small_hive: MakeHive) -> None:
    hive = await small_hive("", alice={})
    text, is_error = await call(hive, "alice", "recv", max=99, speed="fast")
    assert is_error
    assert "max: Input should be less than or equal to 32 (value: 99)" in text
    assert "speed: Extra inputs are not permitted (value: 'fast')" in text
    assert (await call(hive, "alice", "fly"))[0] == "not_found: there is no tool 'fly'"


async def test_ask_returns_at_once_and_the_answer_arrives_as_mail(small_hive: MakeHive) -> None:
    hive = await small_hive("", boss={"role": "manager"})
    text, is_error = await call(hive, "boss", "ask_operator", question="Red?", options=["yes", "no"])
    assert not is_error
    assert text.startswith("Question 1 is with operator.")
    await hive.broker.services.questions.answer(1, "operator", "yes")
    mail, _ = await call(hive, "boss", "recv")
    assert "(question answered)" in mail
    assert "| Answer: yes" in mail


async def test_a_peers_question_is_answered_with_the_tool(small_hive: MakeHive) -> None:
    hive = await small_hive("", alice={}, bob={})
    await call(hive, "alice", "ask", question="Red?", to="bob")
    text, is_error = await call(hive, "bob", "answer", id=1, answer="blue")
    assert (text, is_error) == ("Question 1 of alice is answered.", False)
    again, is_error = await call(hive, "bob", "answer", id=1, answer="green")
    assert is_error
    assert again.startswith("conflict: ")


async def test_the_manager_lists_stops_and_starts_agents(small_hive: MakeHive) -> None:
    hive = await small_hive("", boss={"role": "manager"}, alice={})
    async with sleeping_agents(hive.config):
        stopped = await call(hive, "boss", "stop", name="alice")
        assert stopped == (
            'alice (agent): stopped; "stopped by boss"; 0 queued, 0 turns today; you may start it',
            False,
        )
        await call(hive, "boss", "send", to="alice", body="for later")
        text, _ = await call(hive, "boss", "list_agents")
        alice, boss = text.splitlines()
        assert alice == 'alice (agent): stopped; "stopped by boss"; 1 queued, 0 turns today; you may start it'
        assert boss.startswith("boss (manager): starting; ")
        assert boss.endswith("; 0 queued, 0 turns today")
        again, is_error = await call(hive, "boss", "stop", name="alice")
        assert (again.split(": ")[:2], is_error) == (["conflict", "cannot stop alice"], True)
        started, _ = await call(hive, "boss", "start", name="alice")
        assert started.endswith("; 1 queued, 0 turns today; you may stop or restart it")
        assert (await call(hive, "boss", "restart", name="alice"))[1] is False


async def test_a_manager_is_refused_its_own_end_and_strange_names(small_hive: MakeHive) -> None:
    hive = await small_hive("", boss={"role": "manager"}, alice={})
    own, is_error = await call(hive, "boss", "restart", name="boss")
    assert (own.split(": ")[0], is_error) == ("forbidden", True)
    for name in ("ghost", "../alice", "alice/stop", ""):
        text, is_error = await call(hive, "boss", "start", name=name)
        assert (text.split(": ")[0], is_error) == ("not_found", True), name


async def test_an_agent_cannot_call_what_it_is_not_offered(small_hive: MakeHive) -> None:
    hive = await small_hive("", alice={}, bob={})
    assert await call(hive, "alice", "stop", name="bob") == ("not_found: there is no tool 'stop'", True)
    # Nor does it get further past its tools.
    async with hive.client("alice") as client:
        for attempt in (client.agents(), client.manage(Verb.STOP, "bob")):
            with pytest.raises(RemoteError) as caught:
                await attempt
            assert caught.value.key == "forbidden"


START = (
    "import sys; from pathlib import Path; from hyperhive.config import load_harness_config; "
    "from hyperhive.harness.mcp_stdio import run; sys.exit(run(load_harness_config(Path(sys.argv[1]))))"
)


async def test_the_tools_are_offered_over_stdio_with_the_agents_own_identity(
    small_hive: MakeHive, tmp_path: Path
) -> None:
    hive = await small_hive("", alice={}, bob={})
    path = tmp_path / "harness.json"
    path.write_text(hive.harness_config("alice").model_dump_json())
    parameters = StdioServerParameters(command=sys.executable, args=["-c", START, str(path)])
    async with stdio_client(parameters) as streams, ClientSession(*streams) as session:
        await session.initialize()
        listed = [tool.name for tool in (await session.list_tools()).tools]
        result = await session.call_tool("send", {"to": "bob", "body": "by hand"})
    assert listed == ["send", "recv", "ask", "answer"]
    assert not result.isError
    assert isinstance(result.content[0], types.TextContent)
    async with hive.client("bob") as bob:
        (mail,) = (await bob.lease("t-1")).messages
    assert (mail.sender, mail.body) == ("alice", "by hand")
