import asyncio
import json
import sys
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]


def shape(value: Any) -> Any:
    """The keys of a document, with the kind of what stands there."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    return "number" if isinstance(value, int | float) else type(value).__name__


async def bench(*arguments: str, within: float = 60) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bench", *arguments),
        cwd=PROJECT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        printed, _ = await asyncio.wait_for(process.communicate(), within)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, printed.decode()


async def test_a_quick_run_prints_one_document_and_leaves_nothing_behind(tmp_path: Path) -> None:
    code, printed = await bench("--only", "latency", "--json", "--quick", "--directory", str(tmp_path))
    document = json.loads(printed)
    assert code == 0, printed
    assert sorted(document) == ["latency", "machine", "quick", "seconds"]
    spread = {"p50": "number", "p99": "number", "n": "number"}
    assert shape(document["latency"]["hyperhive_ms"]) == spread
    assert shape(document["machine"]) == {
        **dict.fromkeys(("hyperhive", "python", "kernel", "cpu", "filesystem"), "str"),
        **dict.fromkeys(("sqlite", "claude", "redis"), "str"),
        **dict.fromkeys(("cpu_count", "memory_mib"), "number"),
        "load_average": "list",
        "fsync_4k_ms": spread,
    }
    assert list(tmp_path.iterdir()) == []


async def test_a_directory_that_does_not_exist_is_one_line_and_status_one(tmp_path: Path) -> None:
    assert await bench("--only", "latency", "--directory", str(tmp_path / "none")) == (1, "")
