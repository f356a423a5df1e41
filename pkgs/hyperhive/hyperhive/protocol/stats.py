"""Stats: numbers over time, of one agent or of the hive."""

from hyperhive.protocol.base import ApiModel, Timestamp

#: Most buckets of one report, and as many as it has when nobody says.
BUCKET_LIMIT = 500
BUCKETS = 120
#: Most tools that a report names; the calls of the rest are counted together.
TOOL_LIMIT = 20


class StatsReport(ApiModel):
    """Answer of `GET /api/stats`: series in buckets of equal length.

    What was never recorded in the window has no series. Beside the recorded keys there are, derived:
    `turn.per_minute`, `turn.tool_calls_per_turn`, `turn.duration_ms.p50` and `.p95` (nearest rank, within
    a tenth, exact for few turns), `turn.idle_seconds` (since the last turn, at the end of the bucket) and
    `inbox.depth.max`.
    """

    #: Empty for the whole hive.
    agent: str
    #: Beginning of the first bucket; the one that was asked for lies in it.
    since: Timestamp
    until: Timestamp
    #: Length of a bucket in seconds, never finer than what is kept of that time.
    step: int
    #: Key -> one number a bucket. Counters are sums; `inbox.depth`, `context.used` and `notes.bytes` are what
    #: held at the bucket's end. Null is unknown, or not yet.
    series: dict[str, list[int | float | None]]
    #: The same for the whole window: sums, quantiles, the last value, the greatest depth.
    totals: dict[str, int | float | None]
    #: Calls in the window by tool, most used first.
    tools: dict[str, int]
    #: When the last turn ended, in or before the window, of this agent or of any.
    last_turn_at: Timestamp | None
    #: Messages, questions and events that are stored now, and how much that may be; 0 for no limit.
    stored_bytes: int
    stored_limit: int
