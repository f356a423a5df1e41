"""The refusal that every step of judging a Bash command line may raise."""


class RefusedError(Exception):
    """A command line, or one command of it, cannot be allowed.

    Attributes:
        rule: The stable key of the verdict's rule.
        reason: One sentence without its final full stop.
    """

    def __init__(self, rule: str, reason: str) -> None:
        """Keep the rule and the reason."""
        super().__init__(reason)
        self.rule = rule
        self.reason = reason


class UnparsableError(RefusedError):
    """The line cannot be read with certainty; nothing is known about what it would run."""

    def __init__(self, reason: str) -> None:
        """Keep the reason; the rule is `unparsable`."""
        super().__init__("unparsable", reason)
