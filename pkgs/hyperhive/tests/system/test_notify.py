import logging
import os
import socket
from pathlib import Path

import pytest

from hyperhive.system.notify import notify


@pytest.mark.parametrize("kind", ["path", "abstract"])
async def test_the_fields_arrive_as_one_datagram(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    name = f"hyperhive-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(5)
        manager.bind(str(tmp_path / name) if kind == "path" else f"\0{name}")
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / name) if kind == "path" else f"@{name}")
        await notify("READY=1", "STATUS=3 agents")
        await notify("STOPPING=1")
        assert [manager.recv(4096), manager.recv(4096)] == [b"READY=1\nSTATUS=3 agents", b"STOPPING=1"]


async def test_without_a_service_manager_nothing_happens(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    await notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", "")
    await notify("READY=1")
    assert caplog.records == []


@pytest.mark.parametrize("address", ["/nowhere/notify", "vsock:2:1234", "/" + "x" * 200, "@gone"])
async def test_a_note_that_cannot_be_sent_is_one_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    await notify("READY=1")
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert caplog.records[0].getMessage().startswith(f"cannot tell {address}: ")
