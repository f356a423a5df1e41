import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run


def ask(url: str) -> Any:
    body = {"model": "claude-x", "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]}
    request = urllib.request.Request(
        f"{url}/agents/bob/v1/messages",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as response:
        return json.load(response)["content"]


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_it_prints_its_address_notes_requests_and_ends_on_sigterm(tmp_path: Path, host: str) -> None:
    script, notes = tmp_path / "script.toml", tmp_path / "requests.jsonl"
    script.write_text('default_text = "From a process."')
    command = [sys.executable, "-m", "hyperhive", "scripted-model", "--script", str(script), "--host", host]
    with subprocess.Popen(
        [*command, "--requests-file", str(notes)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            content = ask(url.replace("0.0.0.0", "127.0.0.1"))
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(timeout=20)
    assert (content, status) == ([{"type": "text", "text": "From a process."}], 0)
    assert url.startswith(f"http://{host}:")
    noted = [json.loads(line) for line in notes.read_text().splitlines()]
    assert [note.pop("at") > 0 for note in noted] == [True]
    assert noted == [
        {
            "agent": "bob",
            "method": "POST",
            "path": "/v1/messages",
            "kind": "turn",
            "prompt": "hi",
            "step": 0,
            "tools": [],
            "results": "",
            "model": "claude-x",
            "side": False,
        }
    ]


def test_at_sighup_it_reads_its_script_again_and_keeps_the_old_one_for_a_wrong_one(tmp_path: Path) -> None:
    script = tmp_path / "script.toml"
    script.write_text('default_text = "First."')
    command = [sys.executable, "-m", "hyperhive", "scripted-model", "--script", str(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            url = process.stdout.readline().strip()
            said = [ask(url)[0]["text"]]
            script.write_text("colour = 1")
            process.send_signal(signal.SIGHUP)
            complaint = process.stderr.readline()
            said.append(ask(url)[0]["text"])
            script.write_text('default_text = "Second."')
            process.send_signal(signal.SIGHUP)
            said.append(ask(url)[0]["text"])
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=20)
    assert said == ["First.", "First.", "Second."]
    assert complaint == f"the old script is played on: {script}: colour = 1: Extra inputs are not permitted\n"


def test_a_wrong_script_is_an_error_that_names_file_and_key(run: Run, tmp_path: Path) -> None:
    script = tmp_path / "script.toml"
    script.write_text("colour = 1")
    result = run("scripted-model", "--script", script)
    assert (result.code, result.out, result.err) == (
        1,
        "",
        f"hyperhive: config_invalid: {script}: colour = 1: Extra inputs are not permitted\n",
    )
