from pathlib import Path

import pytest

from hyperhive.cli import schema as command
from tests.cli.conftest import Run


def test_schemas_are_written_and_compared(run: Run, tmp_path: Path) -> None:
    refresh = f"hyperhive schema --output {tmp_path}"
    stale = run("schema", "--check", "--output", tmp_path)
    files = "broker.schema.json, events.schema.json, harness.schema.json"
    assert (stale.code, stale.out) == (1, f"not up to date: {files}; refresh with: {refresh}\n")
    written = run("schema", "--json", "--output", tmp_path)
    assert written.document == {
        "written": [f"{tmp_path}/{kind}.schema.json" for kind in ("broker", "events", "harness")]
    }
    fresh = run("schema", "--check", "--json", "--output", tmp_path)
    assert (fresh.code, fresh.document) == (0, {"stale": [], "refresh": None})


def test_without_a_directory_the_checkouts_files_are_meant(run: Run) -> None:
    assert run("schema", "--check").out == "up to date\n"


def test_an_installed_package_needs_a_directory(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "contract_dir", lambda: None)
    result = run("schema")
    assert (result.code, result.err.split(": ")[1]) == (1, "invalid_request")
