"""Numbers that come from an agent: each has bounds, and nothing else is taken for one."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from hyperhive.protocol.link import HARNESS_FRAME
from hyperhive.protocol.messages import AckRequest, LeaseRequest, ReadRequest, RequeueRequest, SendRequest
from hyperhive.protocol.operator import ExplainRequest, LoginRequest, UseModelRequest
from hyperhive.protocol.questions import AnswerRequest, AskRequest
from hyperhive.protocol.stream import STREAM_REQUEST
from hyperhive.protocol.terminal import BROWSER_FRAME, VIEWER_FRAME, Size

REQUESTS: list[type[BaseModel]] = [
    AckRequest,
    AnswerRequest,
    AskRequest,
    ExplainRequest,
    LeaseRequest,
    LoginRequest,
    ReadRequest,
    RequeueRequest,
    SendRequest,
    Size,
    UseModelRequest,
]
FRAMES: dict[str, TypeAdapter[Any]] = {
    "harness": HARNESS_FRAME,
    "viewer": VIEWER_FRAME,
    "browser": BROWSER_FRAME,
    "page": STREAM_REQUEST,
}
SCHEMAS = {
    **{model.__name__: TypeAdapter(model).json_schema() for model in REQUESTS},
    **{name: adapter.json_schema() for name, adapter in FRAMES.items()},
}

#: Whose bounds the broker itself sets: any time of an event is put between the events around it, and calls by
#: tool are left out one by one.
OWN_BOUNDS = {"NewEvent.ts", "TurnEnd.tools"}


def _numbers(schema: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every number of a schema, with the field that it is in."""
    if isinstance(schema, list):
        for one in schema:
            yield from _numbers(one, place)
    elif isinstance(schema, dict):
        if schema.get("type") in {"integer", "number"}:
            yield place, schema
        for key, one in schema.items():
            if key in {"properties", "$defs"}:
                for name, inner in one.items():
                    yield from _numbers(inner, name if key == "$defs" else f"{place}.{name}")
            else:
                yield from _numbers(one, place)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_number_that_comes_from_outside_has_bounds(name: str) -> None:
    unbound = {
        place
        for place, schema in _numbers(SCHEMAS[name], name)
        if not {"minimum", "exclusiveMinimum"} & set(schema) or "maximum" not in schema
    }
    assert unbound - OWN_BOUNDS == set()


@pytest.mark.parametrize("model", REQUESTS, ids=lambda model: model.__name__)
def test_every_request_takes_types_as_they_are(model: type[BaseModel]) -> None:
    assert model.model_config["strict"]
    lax = {name for name, field in model.model_fields.items() if "strict=False" in repr(field.metadata)}
    assert lax == set()
