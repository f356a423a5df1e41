"""The client of an ntfy server: publishes to one topic, and says what became of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import Final

import aiohttp

from hyperhive.errors import ConfigError
from hyperhive.protocol.notifications import Push

_SECONDS: Final = 15.0
_ANSWER_BYTES: Final = 16 * 1024
_SHOWN: Final = 200
#: A server's wish to be left alone is heard, but not for longer than this.
_LONGEST_PAUSE: Final = 3600.0
#: Statuses that pass by themselves.
_PASSING: Final = frozenset({408, 425, 429})


class Reception(Enum):
    """What became of a push: taken, to be tried again, or refused for good."""

    TAKEN = auto()
    LATER = auto()
    REFUSED = auto()


@dataclass(frozen=True)
class Answer:
    reception: Reception
    #: A line for the operator.
    said: str
    #: In how many seconds the server wants to be asked again.
    pause: float | None = None


class Ntfy:
    """A `ConfigError` when the token cannot be sent in a header."""

    def __init__(self, url: str, token: str | None, seconds: float = _SECONDS) -> None:
        if token is not None and not (token.isascii() and token.isprintable() and " " not in token):
            raise ConfigError("notifications.ntfy.token_credential: what it names is no access token")
        server, _, self._topic = url.rpartition("/")
        self._server = f"{server}/"
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._limit = aiohttp.ClientTimeout(total=seconds)

    async def publish(self, push: Push) -> Answer:
        """The body is JSON, so that no text in it can become a header of the request."""
        body = {"topic": self._topic, **push.model_dump(exclude_none=True)}
        try:
            async with (
                aiohttp.ClientSession(timeout=self._limit) as session,
                # A redirect would carry token and text to where the operator did not send them.
                session.post(
                    self._server, json=body, headers=self._headers, allow_redirects=False
                ) as response,
            ):
                return _judge(response, await response.content.read(_ANSWER_BYTES))
        except TimeoutError:
            return Answer(Reception.LATER, f"no answer within {self._limit.total:g} seconds")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Answer(Reception.LATER, _shown(str(error) or type(error).__name__))


def _judge(response: aiohttp.ClientResponse, raw: bytes) -> Answer:
    status = response.status
    said = _shown(f"{status} {_reason(raw) or response.reason or ''}")
    if 200 <= status < 300:
        return Answer(Reception.TAKEN, said)
    if 300 <= status < 400:
        target = _shown(response.headers.get("Location", "elsewhere"))
        return Answer(Reception.REFUSED, f"{status}: redirects are not followed (to {target})")
    if status in _PASSING or status >= 500:
        return Answer(Reception.LATER, said, _pause(response.headers))
    return Answer(Reception.REFUSED, said)


def _reason(raw: bytes) -> str:
    """The sentence in an error of ntfy's; empty for anything else."""
    try:
        document = json.loads(raw)
    except ValueError:
        return ""
    error = document.get("error") if isinstance(document, dict) else None
    return error if isinstance(error, str) else ""


def _pause(headers: Mapping[str, str]) -> float | None:
    """Seconds of a `Retry-After`, which holds them or a date of the server's own clock."""
    given = headers.get("Retry-After", "")
    try:
        if given.isdigit():
            return min(float(given), _LONGEST_PAUSE)
        wait = parsedate_to_datetime(given) - parsedate_to_datetime(headers.get("Date", ""))
    except (TypeError, ValueError):
        return None
    return min(max(0.0, wait.total_seconds()), _LONGEST_PAUSE)


def _shown(text: str) -> str:
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}…"
