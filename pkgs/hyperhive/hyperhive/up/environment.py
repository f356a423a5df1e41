"""The environment of child processes: what programs need to run, and none of the operator's own secrets."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_PASSED: Final = frozenset({
    "HOME", "LANG", "LOGNAME", "NIX_SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "PATH", "PYTHONDONTWRITEBYTECODE",
    "PYTHONUTF8", "SHELL", "SSL_CERT_DIR", "SSL_CERT_FILE", "TERM", "TMPDIR", "TZ", "USER", "XDG_RUNTIME_DIR",
    "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy",
})  # fmt: skip
_PASSED_PREFIXES: Final = ("HYPERHIVE_", "LC_")


def child_environment(environment: Mapping[str, str], credentials: Path) -> dict[str, str]:
    """Whole environment of a child whose credentials lie in the directory `credentials`."""
    passed = {
        name: value
        for name, value in environment.items()
        if name in _PASSED or name.startswith(_PASSED_PREFIXES)
    }
    return passed | {
        "CREDENTIALS_DIRECTORY": str(credentials),
        # `python3` of an MCP server is to be the one that has the `mcp` package.
        "PATH": f"{Path(sys.executable).parent}:{passed.get('PATH', os.defpath)}",
        # Output goes through a pipe and is to appear line by line.
        "PYTHONUNBUFFERED": "1",
    }
