import json
import subprocess
import sys
from pathlib import Path

import pytest

from hyperhive.config.hive_file import Paths, parse_hive
from tests.cli.conftest import HIVE, Running

MANAGERS = {"ask_operator", "list_agents", "start", "stop", "restart"}


@pytest.mark.parametrize(("agent", "extra"), [("ada", set()), ("manager", MANAGERS)])
def test_the_tools_of_the_agent_are_offered_until_the_input_ends(
    broker: Running, tmp_path: Path, agent: str, extra: set[str]
) -> None:
    paths = Paths(broker.directory, broker.directory / "run", tmp_path)
    harness = parse_hive(HIVE, paths, directory=tmp_path).harnesses[agent]
    (tmp_path / "harness.json").write_text(harness.model_dump_json())
    initialize = {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }
    body = "half \ud83d, nul \0"
    requests = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
        {
            "jsonrpc": "2.0",
            "id": 3,
            "method": "tools/call",
            "params": {"name": "send", "arguments": {"to": "operator", "body": body}},
        },
    ]
    command = [sys.executable, "-m", "hyperhive", "mcp", "--config", str(tmp_path / "harness.json")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for request in requests:
            process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        answers = [json.loads(process.stdout.readline()) for _ in range(3)]
        process.stdin.close()
        assert process.wait(timeout=20) == 0
    # Half a character in a call leaves it neither without an answer nor without its mail.
    assert " is queued." in answers[2]["result"]["content"][0]["text"]
    assert broker.admin.get("/api/messages?limit=1")["messages"][0]["body"] == "half \ufffd, nul \ufffd"
    offered = {tool["name"] for tool in answers[1]["result"]["tools"]}
    assert offered == {"send", "recv", "ask", "answer"} | extra
