"""The contract's part about pushes, as a hive file fills it."""

from pathlib import Path

import pytest

from hyperhive.config import NtfyConfig
from hyperhive.config.hive_file import Paths, parse_hive
from hyperhive.errors import ConfigError

PATHS = Paths(Path("/state"), Path("/run/hive"), Path("/dashboard"))


def ntfy(url: str) -> NtfyConfig:
    text = f'[notifications.ntfy]\nurl = "{url}"\n[agents.ada]'
    found = parse_hive(text, PATHS, directory=Path("/hive")).broker.notifications.ntfy
    assert found is not None
    return found


def refusal(url: str) -> str:
    with pytest.raises(ConfigError) as caught:
        ntfy(url)
    return caught.value.message


@pytest.mark.parametrize(
    "url",
    [
        "https://ntfy.sh/hive",
        "https://example.org:8443/ntfy/hive_1-A",
        "http://127.0.0.1:2586/hive",
        "http://localhost/hive",
        "http://[::1]:2586/hive",
        "https://[2001:db8::7]/hive",
    ],
)
def test_ntfy_needs_nothing_but_its_topic(url: str) -> None:
    assert ntfy(url).model_dump() == {
        "url": url,
        "token_credential": None,
        "delay_seconds": 120,
        "kinds": ["question", "message", "parked", "agent_failed", "agent_needs_login"],
        "dashboard_url": None,
    }


@pytest.mark.parametrize(
    "url",
    [
        "https://ntfy.sh",
        "https://ntfy.sh/",
        "https://ntfy.sh/a b",
        "https://ntfy.sh/hive?auth=secret",
        "https://ntfy.sh/hive#x",
        "https://user:secret@ntfy.sh/hive",
        "https:///hive",
        "https://[::1/hive",
        "https://::1/hive",
        "https://[ntfy.sh]/hive",
        "ftp://ntfy.sh/hive",
        "https://ntfy.sh/" + "t" * 65,
        "https://ntfy.sh/hive\\n",
    ],
)
def test_what_is_no_address_of_a_topic_is_refused(url: str) -> None:
    assert refusal(url).startswith("hive.toml: notifications.ntfy.url: String should match pattern")


@pytest.mark.parametrize("host", ["192.168.1.2", "[2001:db8::7]", "localhost.example.org"])
def test_plain_http_is_for_this_machine_alone(host: str) -> None:
    assert refusal(f"http://{host}/hive") == (
        f"hive.toml: notifications.ntfy.url: 'http://{host}/hive' is beyond loopback: it must begin with https://"
    )


def test_a_port_that_cannot_be_is_refused() -> None:
    assert refusal("https://ntfy.sh:70000/hive") == (
        "hive.toml: notifications.ntfy.url: 'https://ntfy.sh:70000/hive' is no address: "
        "Port out of range 0-65535"
    )
