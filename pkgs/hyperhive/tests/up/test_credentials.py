from pathlib import Path

from hyperhive.config import BrokerConfig
from hyperhive.config.hive_file import CredentialSource, Hive, parse_hive
from hyperhive.up.credentials import (
    CredentialFiles,
    Secrets,
    agents_without_account,
    read_sources,
    used_by_broker,
    without_missing,
)
from hyperhive.up.paths import choose_paths

NOTHING = Secrets({}, {})


def hive(text: str, directory: Path = Path("/hive")) -> Hive:
    return parse_hive(text, choose_paths(directory, Path("/dashboard")), directory=directory)


def test_every_source_is_read_or_says_why_not(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-file\n", encoding="utf-8-sig")
    (tmp_path / "nul").write_text("sk-\0file\n")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "bytes").write_bytes(b"\xff")
    sources = {
        "env": CredentialSource(env="SET"),
        "unset": CredentialSource(env="UNSET"),
        "file": CredentialSource(file=f"{tmp_path}/key"),
        "empty": CredentialSource(file=f"{tmp_path}/empty"),
        "bytes": CredentialSource(file=f"{tmp_path}/bytes"),
        "nul": CredentialSource(file=f"{tmp_path}/nul"),
        "gone": CredentialSource(file=f"{tmp_path}/gone"),
        "half": CredentialSource(env="HALF"),
    }
    assert read_sources(sources, {"SET": " sk-env ", "HALF": "sk-\udce9"}) == Secrets(
        {"env": "sk-env", "file": "sk-file"},
        {
            "unset": "the environment variable UNSET is not set",
            "empty": f"the file {tmp_path}/empty is empty",
            "bytes": f"the file {tmp_path}/bytes is not UTF-8 text",
            "nul": f"the file {tmp_path}/nul has a NUL character",
            "half": "the environment variable HALF is not UTF-8 text",
            "gone": f"the file {tmp_path}/gone cannot be read: No such file or directory",
        },
    )


def test_the_broker_uses_password_key_and_token(tmp_path: Path) -> None:
    broker: BrokerConfig = hive(
        """
        [credentials]
        a = { env = "A" }
        b = { env = "B" }
        c = { env = "C" }
        [operator]
        password_credential = "a"
        [dashboard]
        tls = { certificate = "/cert", key_credential = "b" }
        [notifications.ntfy]
        url = "https://ntfy.example.org/hive"
        token_credential = "c"
        [agents.ada]
        """
    ).broker
    assert used_by_broker(broker) == ["a", "b", "c"]
    assert used_by_broker(hive("[agents.ada]").broker) == []


def test_an_agent_is_started_with_the_credentials_that_are_there() -> None:
    text = "[credentials]\na = { env = 'A' }\nb = { env = 'B' }\n[agents.ada.credentials]\nX = 'a'\nY = 'b'"
    agent = hive(text).broker.agents["ada"]
    assert without_missing(agent, Secrets({"a": "1"}, {"b": "x"})).credentials == {"X": "a"}


def test_an_account_is_a_credential_a_login_or_another_provider(tmp_path: Path) -> None:
    text = "[credentials]\na = { env = 'A' }\n[agents.ada.credentials]\nX = 'a'\n[agents.bob]\n[agents.eve]"
    found = hive(text, tmp_path)
    assert agents_without_account(found, NOTHING) == ["ada", "bob", "eve"]
    assert agents_without_account(found, Secrets({"a": "1"}, {})) == ["bob", "eve"]
    login = Path(found.harnesses["eve"].claude.home) / ".claude" / ".credentials.json"
    login.parent.mkdir(parents=True)
    login.write_text("{}")
    assert agents_without_account(found, Secrets({"a": "1"}, {})) == ["bob"]
    other = hive("[claude.env]\nANTHROPIC_BASE_URL = 'http://127.0.0.1:1'\n" + text, tmp_path)
    assert agents_without_account(other, NOTHING) == []


def test_a_grant_holds_only_the_named_credentials(tmp_path: Path) -> None:
    files = CredentialFiles(tmp_path / "credentials", {"a": "1", "b": "2"})
    directory = files.grant("ada", ["a", "unknown"])
    assert {path.name: path.read_text() for path in directory.iterdir()} == {"a": "1"}
    files.remove()
    files.remove()
    assert list(tmp_path.iterdir()) == []
