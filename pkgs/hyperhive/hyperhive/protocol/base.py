"""The two model bases of the wire: strict requests and lenient-to-grow answers."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

#: Seconds since 1970-01-01 UTC, with fractions.
Timestamp = float

#: One agent's name, also the tail of its container's name `h-<name>`.
AGENT_NAME_PATTERN = r"^[a-z]([a-z0-9-]{0,29}[a-z0-9])?$"

#: Longest message body, question or answer, in characters.
BODY_LIMIT = 256 * 1024

Body = Annotated[str, StringConstraints(min_length=1, max_length=BODY_LIMIT)]
RecipientName = Annotated[str, Field(min_length=1, max_length=64)]


class ApiModel(BaseModel):
    """An immutable JSON object that refuses unknown keys and wrong types."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


# Until every file under protocol/ says ApiModel.
Wire = ApiModel


class ProblemDetail(ApiModel):
    """What went wrong: a stable key and one sentence."""

    key: str
    message: str


class Problem(ApiModel):
    """The one shape of every error answer."""

    error: ProblemDetail
