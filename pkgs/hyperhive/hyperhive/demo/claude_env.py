"""The environment in which the Claude Code CLI talks to a given model server and to nobody else."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

# Accounts, gateways and models that the environment may bring; the SDK can only overwrite variables.
_BLANK: Final = (
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_CUSTOM_HEADERS",
    "ANTHROPIC_MODEL",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_FOUNDRY",
    "CLAUDE_CODE_USE_VERTEX",
)
_NO_PROXY: Final = "127.0.0.1,localhost"
SCRIPTED_API_KEY: Final = "scripted-model"


def claude_environment(base_url: str, home: Path, *, subscription: bool = False) -> dict[str, str]:
    """Variables for one agent's CLI, to be laid over the inherited ones; `home` is the agent's own.

    With `subscription` it looks like a subscriber instead of an API key; only then does the CLI report the
    `anthropic-ratelimit-unified-*` headers as rate limit events.
    """
    return {
        **dict.fromkeys(_BLANK, ""),
        "HOME": str(home),
        "CLAUDE_CONFIG_DIR": str(home / ".claude"),
        "ANTHROPIC_BASE_URL": base_url,
        "ANTHROPIC_API_KEY": "" if subscription else SCRIPTED_API_KEY,
        "CLAUDE_CODE_OAUTH_TOKEN": SCRIPTED_API_KEY if subscription else "",
        # Stops telemetry, error reports, updates, feature flags and every other request to the vendor.
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        # Older releases clone a plugin catalogue at the first interactive start all the same.
        "CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL": "1",
        "NO_PROXY": _NO_PROXY,
        "no_proxy": _NO_PROXY,
    }


def prepare_home(home: Path, projects: Iterable[Path]) -> None:
    """Let a `claude` started by hand in one of the projects skip its welcome, key and trust questions.

    The welcome also looks for the vendor's servers and gives up without them. Settings that are there stay.
    """
    settings = home / ".claude" / ".claude.json"
    if settings.exists():
        return
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(
        json.dumps(
            {
                "hasCompletedOnboarding": True,
                "theme": "dark",
                "customApiKeyResponses": {"approved": [SCRIPTED_API_KEY], "rejected": []},
                "projects": {str(project): {"hasTrustDialogAccepted": True} for project in projects},
            }
        ),
        encoding="utf-8",
    )
