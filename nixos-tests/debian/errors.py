"""What can go wrong between a scenario and its machine."""


class CommandError(Exception):
    """A command, a unit or a port did not do what the scenario asked for.

    Args:
        message: As NixOS's driver says it.
        output: What the command printed, standard error last; empty when there is nothing to show.
    """

    def __init__(self, message: str, output: str = "") -> None:
        super().__init__(message)
        self.output = output


class GuestError(Exception):
    """The machine does not answer any more."""


class TimeLimitError(Exception):
    """A scenario, or the whole run, takes too long."""
