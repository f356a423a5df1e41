"""What Claude Code logs of the API: it alone tells every header with which a request was refused."""

import logging
import re
import time
from collections.abc import Callable
from typing import Final

from hyperhive.domain.rate_limits import ends_at

log = logging.getLogger(__name__)

#: Has Claude Code log every request and answer, keys masked; its own log says no more than errors.
LOG_ENVIRONMENT: Final = {"ANTHROPIC_LOG": "debug", "CLAUDE_CODE_DEBUG_LOG_LEVEL": "error"}
#: Without it the log is written between the frames on standard output.
LOG_ARGUMENTS: Final = {"debug-to-stderr": None}

#: Answers that say how long to wait.
_REFUSALS: Final = frozenset({"429", "503", "529"})
_ENTRY: Final = re.compile(r"\[Anthropic SDK |\d{4}-\d\d-\d\dT[\d:.]+Z \[[A-Z]+\]")
_STATUS: Final = re.compile(r"  status: (\d+),")
_HEADER: Final = re.compile(r'    "?(retry-after(?:-ms)?|anthropic-ratelimit-[\w-]+)"?: "([^"]{1,100})",?')


class ApiLog:
    """Takes Claude Code's standard error. What is not of its log goes on to ours."""

    def __init__(self, on_limit: Callable[[float], None], clock: Callable[[], float] = time.time) -> None:
        """`on_limit` gets the time, in seconds since 1970, until which a request was refused."""
        self._on_limit = on_limit
        self._clock = clock
        self._inside = False
        self._status = ""
        self._headers: dict[str, str] = {}

    def write(self, text: str) -> None:
        """Take a line, or with older SDKs all lines that it has read at once."""
        for line in text.splitlines():
            self._take(line)

    def _take(self, line: str) -> None:
        if _ENTRY.match(line):
            self._inside, self._status, self._headers = True, "", {}
        elif not self._inside or not line.startswith((" ", "}")):
            self._inside = False
            log.info("claude: %s", line)
        elif line == "}":
            self._answered()
        elif status := _STATUS.fullmatch(line):
            self._status = status[1]
        elif header := _HEADER.fullmatch(line):
            self._headers[header[1]] = header[2]

    def _answered(self) -> None:
        end = ends_at(self._headers, self._clock()) if self._status in _REFUSALS else None
        if end is not None:
            self._on_limit(end)
