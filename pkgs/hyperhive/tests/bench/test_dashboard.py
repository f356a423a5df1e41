import json
from pathlib import Path

import pytest

from tests.bench.test_main import bench, shape
from tests.dashboard.conftest import CHROMIUM, DASHBOARD


@pytest.mark.timeout(200)
async def test_a_quick_look_at_the_dashboard_gives_every_number(tmp_path: Path) -> None:
    if not Path(CHROMIUM).exists() or not (DASHBOARD / "vendor").is_dir():
        pytest.skip("no chromium, or no dashboard/vendor: run `make test`")
    code, printed = await bench(
        "--only", "dashboard", "--json", "--quick", "--directory", str(tmp_path), within=180
    )
    document = json.loads(printed)
    assert code == 0, printed
    number = "number"
    assert shape(document["dashboard"]) == {
        **dict.fromkeys(("messages", "events", "idle_bytes_per_second"), number),
        **dict.fromkeys(("traffic_messages", "traffic_seconds"), number),
        "first_useful_paint_ms": {"p50": number, "p99": number, "n": number},
        "before_any_interaction_kb": {"transferred": number, "decoded": number},
        "scrolling_frame_ms": {"p50": number, "p99": number},
        "heap_mib": {"before": number, "after": number},
        "elements": {"before": number, "after": number},
    }
