"""The demo's story as its audience sees it: opened, followed over the operator API, summed up."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

from hyperhive.errors import ConflictError, RemoteError
from hyperhive.protocol.events import AgentEvent, EventData, ToolRefusal, ToolUse, TurnEnd
from hyperhive.system.admin import AdminClient

OPENING: Final = "How did the harvest go this season, and are our honey prices sensible?"
#: What the operator's inbox holds at the end, by sender's report.
REPORTS: Final = ("atlas: ", "wren: ")

_LOOK_SECONDS: Final = 0.1
_PAGE: Final = 200


@dataclass(frozen=True)
class Summary:
    """What happened in the hive, counted from what the broker stored."""

    ok: bool
    #: Between agents, operator and system, without refused ones.
    messages: int
    turns: int
    recipient_denied: int
    bash_denied: int
    extra_mcp_calls: int
    questions_answered: int
    #: From the opening message to the last report.
    seconds: float

    def document(self) -> dict[str, Any]:
        return asdict(self)


class Story:
    def __init__(self, client: AdminClient, echo: Callable[[str], None]) -> None:
        """Act as the operator through `client`; `echo` gets a line for everything that is said."""
        self._client = client
        self._echo = echo
        self._shown: set[int] = set()
        self._asked: set[int] = set()
        self._began = time.monotonic()

    async def open(self) -> None:
        self._began = time.monotonic()
        await asyncio.to_thread(self._client.post, "/api/messages", {"to": "manager", "body": OPENING})

    async def follow(self, *, answer: bool, within_seconds: float | None) -> bool:
        """Print what is said until both reports are in; returns whether they came in time (None: any).

        With `answer`, each question to the operator gets its first option.
        """
        deadline = None if within_seconds is None else self._began + within_seconds
        while deadline is None or time.monotonic() < deadline:
            state = await asyncio.to_thread(self._client.get, "/api/state")
            self._print_new(state)
            if answer:
                await self._answer(state)
            if self._complete(state) and all(agent["status"]["state"] == "idle" for agent in state["agents"]):
                return True
            await asyncio.sleep(_LOOK_SECONDS)
        return False

    async def summary(self, *, ok: bool) -> Summary:
        seconds = time.monotonic() - self._began
        state = await asyncio.to_thread(self._client.get, "/api/state")
        messages = await self._messages()
        events = [event for agent in state["agents"] for event in await self._events(agent["name"])]
        denied = [m for m in messages if m["refused_rule"] == "recipient_denied"]
        tools = [event.name for event in events if isinstance(event, ToolUse)]
        refused = [event.tool for event in events if isinstance(event, ToolRefusal)]
        summary = Summary(
            ok=ok,
            messages=len([m for m in messages if m["state"] != "refused"]),
            turns=len([event for event in events if isinstance(event, TurnEnd)]),
            recipient_denied=len(denied),
            bash_denied=refused.count("Bash"),
            extra_mcp_calls=len([name for name in tools if _is_extra(name)]),
            questions_answered=len([q for q in state["questions"] if q["state"] == "answered"]),
            seconds=round(seconds, 2),
        )
        happened = [value for key, value in summary.document().items() if key not in {"ok", "seconds"}]
        return Summary(**{**summary.document(), "ok": ok and all(happened)})

    async def _answer(self, state: dict[str, Any]) -> None:
        for question in state["questions"]:
            if question["state"] != "open" or question["target"] != "operator":
                continue
            body = {"answer": question["options"][0] if question["options"] else "Yes."}
            try:
                await asyncio.to_thread(self._client.post, f"/api/questions/{question['id']}/answer", body)
            except RemoteError as error:
                # Somebody at the browser was quicker.
                if error.key != ConflictError.key:
                    raise

    def _complete(self, state: dict[str, Any]) -> bool:
        bodies = [m["body"] for m in state["messages"] if m["recipient"] == "operator"]
        return all(any(body.startswith(report) for body in bodies) for report in REPORTS)

    def _print_new(self, state: dict[str, Any]) -> None:
        for message in reversed(state["messages"]):
            if message["id"] not in self._shown:
                self._shown.add(message["id"])
                mark = " (refused by policy)" if message["state"] == "refused" else ""
                first = message["body"].splitlines()[0]
                self._echo(f"{message['sender']} -> {message['recipient']}{mark}: {first}")
        for question in reversed(state["questions"]):
            if question["id"] not in self._asked:
                self._asked.add(question["id"])
                options = " / ".join(question["options"])
                self._echo(
                    f"{question['asker']} asks {question['target']}: {question['question']} [{options}]"
                )

    async def _messages(self) -> list[dict[str, Any]]:
        return await self._pages(f"/api/messages?limit={_PAGE}", "messages")

    async def _events(self, agent: str) -> list[EventData]:
        rows = await self._pages(f"/api/agents/{agent}/events?limit={_PAGE}", "events")
        return [AgentEvent.model_validate(row).data for row in rows]

    async def _pages(self, route: str, key: str) -> list[dict[str, Any]]:
        page = await asyncio.to_thread(self._client.get, route)
        rows: list[dict[str, Any]] = page[key]
        while page["next_before"] is not None:
            page = await asyncio.to_thread(self._client.get, f"{route}&before={page['next_before']}")
            rows += page[key]
        return rows


def _is_extra(tool: str) -> bool:
    return tool.startswith("mcp__") and not tool.startswith("mcp__hyperhive__")
