"""Secrets come from files of the credentials directory."""

from pathlib import Path

import pytest

from hyperhive.errors import ConfigError
from hyperhive.system.credentials import credential_path, read_credential


def test_a_credential_is_the_files_text_without_the_final_newline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "password").write_text("scrypt$1\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert read_credential("password") == "scrypt$1"


def test_a_credential_that_no_variable_can_hold_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "token").write_text("sk-\0secret")
    with pytest.raises(ConfigError, match=r"credential 'token': .*/token has a NUL character$"):
        read_credential("token")


def test_a_missing_credential_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(ConfigError, match="credential 'tls-key': there is no file"):
        credential_path("tls-key")


def test_a_credential_that_cannot_be_looked_at_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / ("x" * 300)))
    with pytest.raises(ConfigError, match=r"credential 'tls-key': cannot be read: .*too long"):
        credential_path("tls-key")


def test_no_credentials_directory_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(ConfigError, match="CREDENTIALS_DIRECTORY is not set"):
        read_credential("password")
