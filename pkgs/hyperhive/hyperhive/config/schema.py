"""The JSON schemas of the contract, from which options in `modules/` have default and description."""

import json
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from hyperhive.config.models import BrokerConfig, HarnessConfig
from hyperhive.protocol.events import EventPage

#: The configuration, for the NixOS module; and agents' logs, for the tests of the dashboard that reads them.
MODELS: Final[dict[str, type[BaseModel]]] = {
    "broker": BrokerConfig,
    "events": EventPage,
    "harness": HarnessConfig,
}


def file_name(kind: str) -> str:
    """Name of the committed schema file of `kind` (`broker`, `events` or `harness`)."""
    return f"{kind}.schema.json"


def render(kind: str) -> str:
    """The schema of `kind` as text with sorted keys, the same with every supported pydantic."""
    return json.dumps(MODELS[kind].model_json_schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def stale(directory: Path) -> list[str]:
    """Names of the schema files in `directory` that are missing or differ from the models."""
    return [
        file_name(kind)
        for kind in MODELS
        if not (path := directory / file_name(kind)).is_file() or path.read_bytes() != render(kind).encode()
    ]


def write(directory: Path) -> list[Path]:
    """Write every schema file into `directory`, which is made if need be; returns their paths."""
    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    for kind in MODELS:
        path = directory / file_name(kind)
        path.write_text(render(kind), encoding="utf-8")
        paths.append(path)
    return paths
