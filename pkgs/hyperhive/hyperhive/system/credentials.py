"""Secrets: files in `$CREDENTIALS_DIRECTORY`, named in the configuration and read at start."""

import os
from pathlib import Path

from hyperhive.errors import ConfigError


def credential_path(name: str) -> Path:
    """Where the credential lies; a `ConfigError` when the process was given none, or not this one."""
    directory = os.environ.get("CREDENTIALS_DIRECTORY", "")
    if not directory:
        raise ConfigError(f"credential {name!r} is asked for, but CREDENTIALS_DIRECTORY is not set")
    path = Path(directory) / name
    try:
        found = path.is_file()
    except OSError as error:
        raise ConfigError(f"credential {name!r}: cannot be read: {error}") from error
    if not found:
        raise ConfigError(f"credential {name!r}: there is no file {path}")
    return path


def read_credential(name: str) -> str:
    """The credential's text without white space around it; errors as in `credential_path`."""
    path = credential_path(name)
    try:
        text = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"credential {name!r}: cannot be read: {error}") from error
    if "\0" in text:
        # No environment variable and no header could carry it.
        raise ConfigError(f"credential {name!r}: {path} has a NUL character")
    return text
