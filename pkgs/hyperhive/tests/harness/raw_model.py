"""A model that answers with the bytes that a test gives it, half characters among them."""

import json
from typing import Any

from aiohttp import web

_USAGE = {"input_tokens": 10, "output_tokens": 10}


class RawModel:
    """Streams one list of content blocks after the other, and the last one again and again."""

    def __init__(self, *answers: list[dict[str, Any]]) -> None:
        self._answers = list(answers)
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def start(self) -> None:
        app = web.Application(client_max_size=2**26)
        app.router.add_post("/v1/messages", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = "http://{}:{}".format(*self._runner.addresses[0][:2])

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        blocks = [{"type": "text", "text": "ok"}]
        if "tools" in asked:
            blocks = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for event in _events(blocks, asked["model"]):
            # As ASCII, so that half a character is an escape, as JavaScript writes it.
            await response.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        return response


def _events(blocks: list[dict[str, Any]], model: str) -> list[dict[str, Any]]:
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": []}
    events = [{"type": "message_start", "message": {**message, "stop_reason": None, "usage": _USAGE}}]
    for index, block in enumerate(blocks):
        match block["type"]:
            case "tool_use":
                start = {**block, "input": {}}
                delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
            case "thinking":
                start = {"type": "thinking", "thinking": "", "signature": ""}
                delta = {"type": "thinking_delta", "thinking": block["thinking"]}
            case _:
                start, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": block["text"]}
        events += [
            {"type": "content_block_start", "index": index, "content_block": start},
            {"type": "content_block_delta", "index": index, "delta": delta},
            {"type": "content_block_stop", "index": index},
        ]
    stop = "tool_use" if any(block["type"] == "tool_use" for block in blocks) else "end_turn"
    ending = {"type": "message_delta", "delta": {"stop_reason": stop}, "usage": _USAGE}
    return [*events, ending, {"type": "message_stop"}]
