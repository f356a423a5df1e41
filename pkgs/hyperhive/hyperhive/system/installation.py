"""Where the files that belong to the package lie: in the installed package, or in a checkout beside it."""

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).resolve().parent.parent


def dashboard_dir() -> Path:
    return _data("dashboard")


def examples_dir() -> Path:
    return _data("examples")


def contract_dir() -> Path | None:
    """The committed schemas of the configuration; only a checkout has them."""
    path = _PACKAGE.parent / "contract"
    return path if path.is_dir() else None


def bundled_claude() -> Path | None:
    """The program inside `claude-agent-sdk`, or the first `claude` in PATH."""
    spec = find_spec("claude_agent_sdk")
    bundled = Path(spec.origin).parent / "_bundled" / "claude" if spec and spec.origin else None
    if bundled is not None and bundled.is_file():
        return bundled
    found = shutil.which("claude")
    return Path(found) if found else None


def _data(name: str) -> Path:
    installed = _PACKAGE / name
    return installed if installed.is_dir() else _PACKAGE.parent / name
