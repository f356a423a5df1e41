"""What all parts of the configuration contract are made of: strict models, and the forms of names."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, StringConstraints

from hyperhive.protocol.base import AGENT_NAME_PATTERN

AgentName = Annotated[str, StringConstraints(pattern=AGENT_NAME_PATTERN)]
Recipient = Annotated[str, StringConstraints(pattern=AGENT_NAME_PATTERN)]
EnvironmentName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
CredentialName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+$", max_length=255)]
ServerName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
ModelName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
AbsolutePath = Annotated[str, StringConstraints(pattern=r"^/")]

#: Hosts that are this machine itself.
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class Contract(BaseModel):
    """A part of a configuration file: strict types, immutable, no unknown keys."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")
