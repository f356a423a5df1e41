"""The contract's part about pushes: which ntfy server gets them, and what is pushed when."""

from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, model_validator

from hyperhive.config_base import LOOPBACK, Contract, CredentialName
from hyperhive.protocol.notifications import Kind

#: Host and port of an address, as far as Nix can judge them as well.
_SERVER: Final = r"^https?://([A-Za-z0-9.-]+|\[[A-Fa-f0-9:.]+])(:[0-9]{1,5})?(/[A-Za-z0-9._~%-]+)*"
TopicUrl = Annotated[str, StringConstraints(pattern=rf"{_SERVER}/[A-Za-z0-9_-]{{1,64}}$", max_length=500)]
BaseUrl = Annotated[str, StringConstraints(pattern=rf"{_SERVER}/?$", max_length=500)]


class NtfyConfig(Contract):
    """Pushes to a phone what still waits for the operator after a while, through an ntfy server.

    Attributes:
        url: Address of the topic: that of the server, a slash and the topic's name.
        token_credential: Name of the credential with an access token; null sends none.
        delay_seconds: What is still open after this long is sent; a question that expires when half of its
            time is over, if that is sooner.
        kinds: Of what is sent.
        dashboard_url: Where links in the pushes lead; null is the dashboard's own address, with its first
            host name beyond loopback, where it listens there; and no link where it does not.
    """

    url: TopicUrl
    token_credential: CredentialName | None
    delay_seconds: Annotated[int, Field(ge=0, le=86_400)]
    kinds: list[Kind]
    dashboard_url: BaseUrl | None

    @model_validator(mode="after")
    def _check(self) -> Self:
        try:
            address = urlsplit(self.url)
            _ = address.port
        except ValueError as error:
            raise ValueError(f"url {self.url!r} is no address: {error}") from error
        # What agents write, and a token, would be readable on the way.
        if address.scheme == "http" and address.hostname not in LOOPBACK:
            raise ValueError(f"url {self.url!r} is beyond loopback: it must begin with https://")
        return self
