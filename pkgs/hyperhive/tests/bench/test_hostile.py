import json
from collections import Counter
from pathlib import Path

from bench.floods import FLOODS, LINK_FRAME
from bench.hostile import Measured
from tests.bench.test_main import bench, shape

SPREAD = {"p50": "number", "p99": "number", "n": "number"}


def test_an_hour_has_every_burst_once_and_goes_on_as_the_last_phase_did() -> None:
    mib = 1024 * 1024
    found = Measured(
        quiet=[2.0, 4.0, 3.0],
        flood=[6.0, 40.0, 9.0],
        answers=Counter({200: 20, 429: 60, 400: 10, LINK_FRAME: 10}),
        seconds=[5.0, 5.0],
        grown=[8.0 * mib, 0.05 * mib],
        files=3 * mib,
        peak=90 * mib,
    )
    assert found.section() == {
        "quiet_ms": {"p50": 3.0, "p99": 4.0, "n": 3},
        "flood_ms": {"p50": 9.0, "p99": 40.0, "n": 3},
        "ratio_p50": 3.0,
        "ratio_p99": 10.0,
        "calls_per_second": {"offered": 10.0, "accepted": 3.0, "limited": 6.0},
        "database_mib_per_hour": 44.0,
        "files_mib": 3.0,
        "broker_mib": 90.0,
    }


async def test_a_quick_run_floods_a_hive_and_measures_another_pair_beside_it(tmp_path: Path) -> None:
    code, printed = await bench("--only", "hostile", "--json", "--quick", "--directory", str(tmp_path))
    assert code == 0, printed
    found = json.loads(printed)["hostile"]
    floods = [name for name in FLOODS if name in found]
    assert floods == ["large_sends", "link_frames"]
    for name in floods:
        assert shape(found[name]) == {
            "quiet_ms": SPREAD,
            "flood_ms": SPREAD,
            "ratio_p50": "number",
            "ratio_p99": "number",
            "calls_per_second": dict.fromkeys(("offered", "accepted", "limited"), "number"),
            "database_mib_per_hour": "number",
            "files_mib": "number",
            "broker_mib": "number",
        }
        assert found[name]["calls_per_second"]["offered"] > 0
    assert list(tmp_path.iterdir()) == []
