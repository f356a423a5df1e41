"""The one error type that crosses our boundaries: a stable key, an HTTP status and a sentence."""

import json
from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

from hyperhive.text import sound_json


class HyperhiveError(Exception):
    """A refusal or failure with a stable `key`, meant to be shown to the caller.

    Attributes:
        key: Stable machine-readable name, part of the API.
        status: HTTP status that the API answers with.
        message: One sentence for a person or a model; it never holds secrets.
    """

    key: str = "internal_error"
    status: ClassVar[int] = 500

    def __init__(self, message: str) -> None:
        """Keep the sentence; `str(error)` returns it."""
        super().__init__(message)
        self.message = message


class InvalidRequestError(HyperhiveError):
    """The request's body, query or path is malformed; the message names field and value."""

    key = "invalid_request"
    status = 400


class UnauthorizedError(HyperhiveError):
    """No valid operator session came with the request."""

    key = "unauthorized"
    status = 401


class ForbiddenError(HyperhiveError):
    """The caller may not do this, whoever is logged in (wrong Origin, Host or peer)."""

    key = "forbidden"
    status = 403


class RecipientDeniedError(HyperhiveError):
    """The sender's `allowed_recipients` does not list the recipient."""

    key = "recipient_denied"
    status = 403


class NotFoundError(HyperhiveError):
    """The named agent, message, question or page does not exist for this caller."""

    key = "not_found"
    status = 404


class UnknownRecipientError(HyperhiveError):
    """Nobody of that name is in the hive."""

    key = "unknown_recipient"
    status = 404


class ConflictError(HyperhiveError):
    """The thing is not in the state that this call needs (answered, leased by another turn, ...)."""

    key = "conflict"
    status = 409


class TooLargeError(HyperhiveError):
    """The request body is over the limit of its route."""

    key = "too_large"
    status = 413


class LoopBrokenError(HyperhiveError):
    """The loop breaker refused a message: rate, exact duplicate or ping-pong per pair."""

    key = "loop_broken"
    status = 429


class TooManyRequestsError(HyperhiveError):
    """The caller asks for this too often, or for too much; the message says when it may again.

    Attributes:
        retry_after: Seconds after which it may, where that is known; None for what never fits.
    """

    key = "too_many_requests"
    status = 429

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class QuotaError(HyperhiveError):
    """What is stored of somebody and has no end yet leaves no room for more; nothing was kept.

    Attributes:
        name: Whose quota it is, empty for the hive's.
    """

    key = "quota_exceeded"
    status = 507

    def __init__(self, message: str, name: str = "") -> None:
        super().__init__(message)
        self.name = name


class UnitFailedError(HyperhiveError):
    """What runs an agent could not be started, stopped or looked at; the message names it and says why."""

    key = "unit_failed"
    status = 502


class ConfigError(HyperhiveError):
    """A configuration file is wrong; the message names file, key and value.

    Attributes:
        mistakes: Each mistake by itself, where they are known: `key`, `reason`, `value` and `hint`.
    """

    key = "config_invalid"
    status = 500

    def __init__(self, message: str, mistakes: Sequence[Mapping[str, str | None]] = ()) -> None:
        super().__init__(message)
        self.mistakes = mistakes


class UnavailableError(HyperhiveError):
    """The other side (broker, agent, model) cannot be reached now; trying again later may work."""

    key = "unavailable"
    status = 503


class StoreError(HyperhiveError):
    """The database file cannot be used, or the disk refused a commit; nothing was changed."""

    key = "store_failed"
    status = 503


class RemoteError(HyperhiveError):
    """Who answers on a socket refused; `key`, `message` and `retry_after` are its own."""

    def __init__(self, key: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.key = key
        self.retry_after = retry_after

    @classmethod
    def from_answer(cls, peer: str, status: int, answer: bytes) -> Self:
        """What the `{"error": {"key", "message"}}` of an answer says; `peer` names who gave it."""
        try:
            problem = json.loads(sound_json(answer).text)["error"]
            after = problem.get("retry_after")
            return cls(str(problem["key"]), str(problem["message"]), None if after is None else float(after))
        except (AttributeError, ValueError, KeyError, TypeError):
            return cls(HyperhiveError.key, f"{peer} answered {status} without a reason")
