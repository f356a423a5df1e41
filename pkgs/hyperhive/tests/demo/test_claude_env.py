"""The environment, and the real Claude Code CLI that runs in it against the scripted model."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

from claude_agent_sdk import (
    AssistantMessage,
    ClaudeAgentOptions,
    ClaudeSDKClient,
    Message,
    RateLimitEvent,
    ResultMessage,
    SystemMessage,
    TextBlock,
)

from hyperhive.demo.claude_env import claude_environment, prepare_home
from hyperhive.demo.model_request import RequestKind
from hyperhive.demo.model_script import parse_script
from hyperhive.demo.model_server import ModelServer

SCRIPT = parse_script(
    r"""
    [[turn]]
    when = 'how many lines has (?P<file>\S+)\?'
    [[turn.step]]
    thinking = "I have to look."
    text = "I count {file}."
    tools = [
      { tool = "Bash", input = { command = "wc -l < {file}" } },
      { tool = "Read", input = { file_path = "{file}" } },
    ]
    [[turn.step]]
    capture = '^(?P<lines>\d+)$'
    text = "{file} has {lines} lines."

    [[turn]]
    when = "busy"
    [[turn.step]]
    error_status = 529
    [[turn.step]]
    delay_seconds = 0.3
    text = "Late, but here."

    [[turn]]
    when = "limit"
    [[turn.step]]
    error_status = 429
    error_times = 0
    [turn.step.headers]
    anthropic-ratelimit-unified-status = "rejected"
    anthropic-ratelimit-unified-reset = "1900000000"
    anthropic-ratelimit-unified-representative-claim = "five_hour"

    [[turn]]
    when = "hang"
    [[turn.step]]
    delay_seconds = 60.0
    text = "never"
    """
)


@contextlib.asynccontextmanager
async def session(
    home: Path, *, subscription: bool = False
) -> AsyncIterator[tuple[ModelServer, ClaudeSDKClient]]:
    server = ModelServer(SCRIPT)
    await server.start()
    options = ClaudeAgentOptions(
        env=claude_environment(server.base_url("alice"), home, subscription=subscription),
        cwd=home,
        tools=["Bash", "Read"],
        allowed_tools=["Bash", "Read"],
        permission_mode="dontAsk",
        setting_sources=[],
    )
    try:
        async with ClaudeSDKClient(options) as client:
            yield server, client
    finally:
        await server.stop()


async def ask(client: ClaudeSDKClient, prompt: str) -> list[Message]:
    async with asyncio.timeout(20):
        await client.query(prompt)
        return [message async for message in client.receive_response()]


def texts(messages: list[Message]) -> list[str]:
    return [
        block.text
        for message in messages
        if isinstance(message, AssistantMessage)
        for block in message.content
        if isinstance(block, TextBlock)
    ]


def asked(server: ModelServer) -> list[tuple[str, RequestKind, str, int]]:
    """What was asked of the model, without the older releases' look at the address."""
    return [
        (request.agent, request.kind, request.prompt, request.step)
        for request in server.requests
        if request.method != "HEAD"
    ]


def test_the_environment_is_either_an_api_keys_or_a_subscribers() -> None:
    keyed = claude_environment("http://127.0.0.1:1/agents/a", Path("/h"))
    subscribed = claude_environment("http://127.0.0.1:1/agents/a", Path("/h"), subscription=True)

    assert {name: (keyed[name], subscribed[name]) for name in keyed if keyed[name] != subscribed[name]} == {
        "ANTHROPIC_API_KEY": ("scripted-model", ""),
        "CLAUDE_CODE_OAUTH_TOKEN": ("", "scripted-model"),
    }
    assert {
        name: keyed[name] for name in ("HOME", "CLAUDE_CONFIG_DIR", "ANTHROPIC_BASE_URL", "NO_PROXY")
    } == {
        "HOME": "/h",
        "CLAUDE_CONFIG_DIR": "/h/.claude",
        "ANTHROPIC_BASE_URL": "http://127.0.0.1:1/agents/a",
        "NO_PROXY": "127.0.0.1,localhost",
    }


def test_a_prepared_home_asks_no_questions_and_keeps_what_is_there(tmp_path: Path) -> None:
    prepare_home(tmp_path, [tmp_path / "work"])
    prepare_home(tmp_path, [])

    settings = json.loads((tmp_path / ".claude" / ".claude.json").read_text(encoding="utf-8"))
    assert settings == {
        "hasCompletedOnboarding": True,
        "theme": "dark",
        "customApiKeyResponses": {"approved": ["scripted-model"], "rejected": []},
        "projects": {str(tmp_path / "work"): {"hasTrustDialogAccepted": True}},
    }


async def test_a_warm_session_plays_turns_with_tools_and_makes_no_side_request(tmp_path: Path) -> None:
    (tmp_path / "rows.txt").write_text("1\n2\n3\n", encoding="utf-8")

    async with session(tmp_path) as (server, client):
        counted = await ask(client, "From operator: how many lines has rows.txt?")
        other = await ask(client, "something else")
        again = await ask(client, "From operator: how many lines has rows.txt?")

    assert [texts(counted), texts(other), texts(again)] == [
        ["I count rows.txt.", "rows.txt has 3 lines."],
        ["Done."],
        ["I count rows.txt.", "rows.txt has 3 lines."],
    ]
    question = "From operator: how many lines has rows.txt?"
    assert asked(server) == [
        ("alice", RequestKind.TURN, question, 0),
        ("alice", RequestKind.TURN, question, 1),
        ("alice", RequestKind.TURN, "something else", 0),
        ("alice", RequestKind.TURN, question, 0),
        ("alice", RequestKind.TURN, question, 1),
    ]
    assert all({"Bash", "Read"} <= set(request.tools) for request in server.requests if not request.side)


async def test_an_error_is_retried_a_hanging_answer_interrupted_and_compact_gets_a_summary(
    tmp_path: Path,
) -> None:
    async with session(tmp_path) as (server, client):
        busy = await ask(client, "busy?")
        hanging = asyncio.create_task(ask(client, "hang on"))
        await server.wait_for_request(lambda request: request.prompt == "hang on", 10)
        began = time.monotonic()
        await client.interrupt()
        hung = await hanging
        assert time.monotonic() - began < 10
        compacted = await ask(client, "/compact")
        after = await ask(client, "and now?")

    assert [texts(busy), texts(hung), texts(after)] == [["Late, but here."], [], ["Done."]]
    first, second = (request.at for request in server.requests if request.prompt == "busy?")
    assert second - first > 0.2
    assert [m.subtype for m in compacted if isinstance(m, SystemMessage) and m.subtype == "compact_boundary"]
    assert asked(server) == [
        ("alice", RequestKind.TURN, "busy?", 0),
        ("alice", RequestKind.TURN, "busy?", 0),
        ("alice", RequestKind.TURN, "hang on", 0),
        ("alice", RequestKind.COMPACT, "", 0),
        ("alice", RequestKind.TURN, "and now?", 0),
    ]


async def test_a_subscriber_hears_of_the_rate_limit_as_an_event(tmp_path: Path) -> None:
    async with session(tmp_path, subscription=True) as (server, client):
        messages = await ask(client, "limit")

    events = [message.rate_limit_info for message in messages if isinstance(message, RateLimitEvent)]
    assert [(event.status, event.resets_at, event.rate_limit_type) for event in events] == [
        ("rejected", 1900000000, "five_hour")
    ]
    assert [message.is_error for message in messages if isinstance(message, ResultMessage)] == [True]
    assert asked(server) == [("alice", RequestKind.TURN, "limit", 0)]
