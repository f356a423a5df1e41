"""The base of every model that crosses a process, the types that they share, and the shape of errors."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

#: Seconds since 1970-01-01 UTC, with fractions.
Timestamp = float

#: A time that somebody else has told: from 1970 to 2286.
Moment = Annotated[Timestamp, Field(ge=0, le=1e10, allow_inf_nan=False)]

#: SQLite's largest integer, so no id is above it.
LARGEST_ID: Final = 2**63 - 1
RowId = Annotated[int, Field(ge=0, le=LARGEST_ID)]

#: Most tokens of a turn or of a context: more is no count, and must not spoil sums.
MOST_TOKENS: Final = 10**9
TokenCount = Annotated[int, Field(ge=0, le=MOST_TOKENS)]

#: One agent's name, also the tail of its container's name `h-<name>`.
AGENT_NAME_PATTERN = r"^[a-z]([a-z0-9-]{0,29}[a-z0-9])?$"

#: Longest message body, question or answer, in characters.
BODY_LIMIT = 256 * 1024

#: Header of an answer to a call in whose body so many characters had to be replaced; see `hyperhive/text.py`.
REPLACED_HEADER = "Hyperhive-Replaced"

#: Longest time between two frames to a browser, and between two lines of server-sent events.
BEAT_SECONDS: Final = 15.0
#: Close code of a socket that the broker ends for a reason that it says: the operator logged out, the broker
#: stops, a harness went away.
CLOSE_LEFT: Final = 4001

Body = Annotated[str, StringConstraints(min_length=1, max_length=BODY_LIMIT)]
RecipientName = Annotated[str, Field(min_length=1, max_length=64)]


class ApiModel(BaseModel):
    """An immutable JSON object that refuses unknown keys and wrong types."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Beat(ApiModel):
    """Sent to a browser every `BEAT_SECONDS`; one that gets nothing for longer connects again."""

    type: Literal["beat"] = "beat"


class ProblemDetail(ApiModel):
    #: Stable, see `hyperhive/errors.py`.
    key: str
    #: One sentence.
    message: str
    #: Seconds after which the call may be repeated; there only where that is known.
    retry_after: float | None = None


class Problem(ApiModel):
    error: ProblemDetail
