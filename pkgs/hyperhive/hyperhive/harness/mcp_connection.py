"""One conversation with an MCP server: JSON-RPC, a line each, over the standard streams of its process."""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any, Final

from hyperhive.system.stdio_process import LINE_LIMIT, StdioProcess
from hyperhive.text import replaced_note, shown, sound_json

log = logging.getLogger(__name__)

#: The newest protocol that we speak; a server may answer with an older one.
PROTOCOL: Final = "2025-06-18"
#: Lines that nobody asked for, in one chunk, after which a server has to wait a moment.
_FLOOD: Final = 64
_FLOOD_PAUSE: Final = 0.05
#: Seconds from the end of a server's output to the end of its process, when it is the process that ended.
_EXIT_SECONDS: Final = 1.0
_METHOD_NOT_FOUND: Final = -32601


class ServerFailedError(Exception):
    """The server cannot answer, or did not: it ended, or its time was up. The text says which."""


class AnsweredError(Exception):
    """What a living server answered in the place of a result."""


class _Open:
    """A request without an answer."""

    def __init__(self, method: str, limit: float) -> None:
        self.method: Final = method
        self.limit: Final = limit
        self.answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.deadline = asyncio.timeout(limit)

    def extend(self) -> None:
        """What it waits for goes on: its time begins anew."""
        if self.deadline.when() is not None and not self.answer.done():
            self.deadline.reschedule(asyncio.get_running_loop().time() + self.limit)

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class McpConnection:
    """`read` must run while requests are made; its end, or `end`, fails all that are open."""

    def __init__(self, process: StdioProcess, name: str, on_notification: Callable[[str], object]) -> None:
        """Call `on_notification` with the method of each notification but progress."""
        self._process = process
        self._name = name
        self._on_notification = on_notification
        self._open: dict[int, _Open] = {}
        self._last = 0
        #: Set once no request is answered any more; `reason` says why.
        self.over: Final = asyncio.Event()
        self.reason = ""
        self._is_warned = False

    async def request(self, method: str, parameters: dict[str, Any], limit: float) -> dict[str, Any]:
        """The result; progress gives it another `limit` seconds each time.

        Raises:
            AnsweredError: The server answered with an error.
            ServerFailedError: It did not answer in time, or ended. Its answer does not count any more.
        """
        if self.over.is_set():
            raise ServerFailedError(self.reason)
        self._last += 1
        number, waiting = self._last, _Open(method, limit)
        self._open[number] = waiting
        if method == "tools/call":
            parameters = {**parameters, "_meta": {"progressToken": number}}
        try:
            self._send({"id": number, "method": method, "params": parameters})
            async with waiting.deadline:
                answer = await waiting.answer
        except TimeoutError as error:
            self._cancel(number, "timed out")
            raise ServerFailedError(f"{method} was not answered within {limit:g} s") from error
        except asyncio.CancelledError:
            self._cancel(number, "not wanted any more")
            raise
        finally:
            self._open.pop(number, None)
        if not isinstance(answer, dict):
            raise AnsweredError("its answer has no result")
        return answer

    def notify(self, method: str, **parameters: Any) -> None:
        self._send({"method": method, "params": parameters})

    def cancel(self, method: str, reason: str) -> None:
        """Give up the open requests of this method, and tell the server."""
        for number, waiting in list(self._open.items()):
            if waiting.method == method and not waiting.answer.done():
                self._cancel(number, reason)
                waiting.fail(ServerFailedError(reason))

    def end(self, reason: str) -> None:
        """No request is answered from now on; those that are open fail at once."""
        if not self.over.is_set():
            self.reason = reason
            self.over.set()
        for waiting in list(self._open.values()):
            waiting.fail(ServerFailedError(self.reason))

    async def read(self) -> int | None:
        """Take what the server writes until it writes no more; its exit status, or None when it lives on."""
        async for lines in self._process.chunks():
            unasked = [line for line in lines if not self._take(line)]
            if len(unasked) > _FLOOD:
                # A server that floods us waits in its own write, and the agent goes on.
                await asyncio.sleep(_FLOOD_PAUSE)
        return await self._process.ended(_EXIT_SECONDS)

    def _take(self, line: bytes | None) -> bool:
        """Whether the line was an answer that somebody waits for."""
        if line is None:
            # Which request it answers stands in what was thrown away.
            mebibytes = LINE_LIMIT // 1024**2
            for waiting in list(self._open.values()):
                waiting.fail(AnsweredError(f"it answered with more than {mebibytes} MiB, which nobody reads"))
            return False
        message = self._decoded(line)
        match message:
            case {"method": str(method), "id": int() | str() as number}:
                self._answer(method, number)
            case {"method": "notifications/progress", "params": {"progressToken": int() | str() as number}}:
                if (going := self._waiting(number)) is not None:
                    going.extend()
            case {"method": str(method)}:
                self._on_notification(method)
            case {"id": int() | str() as number} if "result" in message or "error" in message:
                return self._answered(number, message)
            case _:
                if line.strip():
                    self._wrote_garbage(line)
        return False

    def _decoded(self, line: bytes) -> Any:
        """What a line says as JSON, with sound texts in it; None when it is none."""
        text, replaced = sound_json(line)
        if replaced:
            log.warning("MCP server %s: in what it sent, %s", self._name, replaced_note(replaced))
        try:
            return json.loads(text, parse_constant=lambda _: None)
        except (ValueError, RecursionError):
            return None

    def _waiting(self, number: float | str) -> _Open | None:
        """The open request of this id, which some servers give back as a text."""
        if isinstance(number, str):
            number = int(number) if number.isdecimal() and number.isascii() and len(number) < 20 else 0
        return self._open.get(int(number))

    def _answered(self, number: float | str, message: dict[str, Any]) -> bool:
        waiting = self._waiting(number)
        if waiting is None or waiting.answer.done():
            log.debug("MCP server %s answered request %s, which is not open", self._name, number)
            return False
        if "error" in message:
            waiting.fail(AnsweredError(_said(message["error"])))
        else:
            waiting.answer.set_result(message["result"])
        return True

    def _answer(self, method: str, number: float | str) -> None:
        """To a request of the server: we offer it nothing."""
        refused = {"code": _METHOD_NOT_FOUND, "message": f"{method} is not offered"}
        outcome: dict[str, Any] = {"result": {}} if method == "ping" else {"error": refused}
        try:
            self._send({"id": number, **outcome})
        except ServerFailedError as error:
            log.debug("MCP server %s: %s", self._name, error)

    def _wrote_garbage(self, line: bytes) -> None:
        if not self._is_warned:
            self._is_warned = True
            log.warning("MCP server %s wrote no JSON-RPC: %s", self._name, shown(line))

    def _cancel(self, number: int, reason: str) -> None:
        try:
            self.notify("notifications/cancelled", requestId=number, reason=reason)
        except ServerFailedError as error:
            log.debug("MCP server %s: %s", self._name, error)

    def _send(self, message: dict[str, Any]) -> None:
        try:
            self._process.write(json.dumps({"jsonrpc": "2.0", **message}).encode())
        except OSError as error:
            raise ServerFailedError(str(error)) from error


def _said(error: Any) -> str:
    """The message of a JSON-RPC error, which should be an object with a text."""
    text = error.get("message") if isinstance(error, dict) else None
    return text if isinstance(text, str) and text.strip() else f"an error without a text: {error}"
