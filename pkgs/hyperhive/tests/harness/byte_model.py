"""A model server that sends bytes as told, where the scripted one knows only good form."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import web


def event(data: dict[str, Any]) -> bytes:
    return f"event: {data['type']}\ndata: {json.dumps(data)}\n\n".encode()


def start() -> bytes:
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 1},
    }
    return event({"type": "message_start", "message": message})


def block(content: dict[str, Any], delta: dict[str, Any], index: int = 0) -> bytes:
    return (
        event({"type": "content_block_start", "index": index, "content_block": content})
        + event({"type": "content_block_delta", "index": index, "delta": delta})
        + event({"type": "content_block_stop", "index": index})
    )


def text(words: str, index: int = 0) -> bytes:
    return block({"type": "text", "text": ""}, {"type": "text_delta", "text": words}, index)


def thinking(words: str) -> bytes:
    content = {"type": "thinking", "thinking": "", "signature": ""}
    return block(content, {"type": "thinking_delta", "thinking": words})


def call(name: str, given: dict[str, Any], index: int = 0) -> bytes:
    content = {"type": "tool_use", "id": f"toolu_{index}", "name": name, "input": {}}
    return block(content, {"type": "input_json_delta", "partial_json": json.dumps(given)}, index)


def end(reason: str | None, output_tokens: int = 5, sequence: str | None = None) -> bytes:
    delta = {"stop_reason": reason, "stop_sequence": sequence}
    usage = {"output_tokens": output_tokens}
    return event({"type": "message_delta", "delta": delta, "usage": usage}) + event({"type": "message_stop"})


def refuse(status: int, kind: str, message: str) -> web.Response:
    return web.json_response({"type": "error", "error": {"type": kind, "message": message}}, status=status)


#: The answer to the body of one request: the bytes of a stream, or a whole response.
Play = Callable[[dict[str, Any]], bytes | web.Response]


class ByteModel:
    """Answers every streamed request as `play` says; the bodies of all are kept."""

    def __init__(self) -> None:
        self.play: Play = lambda _body: start() + text("ok") + end("end_turn")
        self.bodies: list[dict[str, Any]] = []
        #: Answers wait until it is set.
        self.answers = asyncio.Event()
        self.answers.set()
        self.url = ""

    async def start(self) -> web.AppRunner:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{_:.*}", self._reply)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    async def _reply(self, http: web.Request) -> web.StreamResponse:
        body = await http.json() if http.can_read_body else {}
        if not http.path.endswith("/v1/messages"):
            return web.json_response({"input_tokens": 10})
        if not body.get("stream"):
            return refuse(500, "api_error", "no answer in one piece")
        self.bodies.append(body)
        await self.answers.wait()
        answer = self.play(body)
        if isinstance(answer, web.Response):
            return answer
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(http)
        if answer:
            await response.write(answer)
        await response.write_eof()
        return response
