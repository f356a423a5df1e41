"""What a push needs of the broker's sandbox, and that nothing is opened without one."""

from pathlib import Path
from typing import Any, Final

from tests.nixos import nix

nix.need_library()

EXPRESSION: Final = Path(__file__).parent / "notifications.nix"
CLOSED: Final = {
    "IPAddressAllow": "localhost",
    "IPAddressDeny": "any",
    "SocketBindAllow": "tcp:7000",
    "certificates": None,
}


def unit(url: str) -> Any:
    return nix.evaluate(EXPRESSION, library=str(nix.library()), modules=str(nix.MODULES), url=url)


def test_without_ntfy_or_with_a_server_on_this_machine_the_broker_reaches_nothing_else() -> None:
    assert unit("") == CLOSED
    here = (
        "http://127.0.0.1:2586/hive",
        "http://localhost/hive",
        "https://localhost:8443/hive",
        "http://[::1]/hive",
    )
    for url in here:
        assert unit(url) == CLOSED


def test_with_a_server_elsewhere_the_broker_may_call_out_but_nobody_in() -> None:
    opened = {"IPAddressAllow": "any", "certificates": "/etc/ssl/certs/ca-certificates.crt"}
    for url in ("https://ntfy.example.org/hive", "https://localhost.example.org/hive", "https://[::2]/hive"):
        assert unit(url) == CLOSED | opened
