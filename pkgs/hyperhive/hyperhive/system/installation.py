"""Where the files that belong to the package lie: in the installed package, or in a checkout beside it."""

from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).resolve().parent.parent


def dashboard_dir() -> Path:
    """The dashboard's files."""
    return _data("dashboard")


def examples_dir() -> Path:
    """The example hive."""
    return _data("examples")


def contract_dir() -> Path | None:
    """The committed schemas of the configuration; only a checkout has them."""
    path = _PACKAGE.parent / "contract"
    return path if path.is_dir() else None


def _data(name: str) -> Path:
    installed = _PACKAGE / name
    return installed if installed.is_dir() else _PACKAGE.parent / name
