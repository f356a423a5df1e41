"""When a limit of the API ends, as the headers of its refusal say."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

_NUMBER: Final = re.compile(r"\d+(\.\d+)?", re.ASCII)
#: The parts of a subscription's limit (`unified-5h`, …) stand beside it; the one that counts is `unified`.
_RESET: Final = re.compile(r"(anthropic-ratelimit-(?!unified-(?!reset))[a-z-]+)-reset")


def ends_at(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds since 1970, None when nothing tells it. The names of the headers are in lower case."""
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        value = headers.get(name, "")
        if _NUMBER.fullmatch(value):
            return now + float(value) / unit
    date = _http_date(headers.get("retry-after", ""))
    return _last_reset(headers) if date is None else date


def _last_reset(headers: Mapping[str, str]) -> float | None:
    """When the last of the limits that are used up begins anew."""
    ends = {True: [0.0], False: [0.0]}
    for name, value in headers.items():
        limit = _RESET.fullmatch(name)
        time = _time(value)
        if limit is None or time is None:
            continue
        left = headers.get(f"{limit[1]}-remaining") or headers.get(f"{limit[1]}-status")
        # One that does not say what is left can be the reason as long as no other says that it is.
        if left in {None, "0", "rejected"}:
            ends[left is not None].append(time)
    return max(ends[True]) or max(ends[False]) or None


def _http_date(value: str) -> float | None:
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()


def _time(value: str) -> float | None:
    """Of a date of RFC 3339 or seconds since 1970."""
    if _NUMBER.fullmatch(value):
        return float(value)
    try:
        date = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
