from pathlib import Path

from hyperhive.system.cgroups import texts

FILES = ("memory.max", "pids.max")


def test_a_group_and_those_above_it_are_read_up_to_the_root(tmp_path: Path) -> None:
    root = tmp_path / "cgroup"
    unit = root / "machine.slice" / "unit"
    (unit / "payload").mkdir(parents=True)
    (tmp_path / "memory.max").write_text("not ours")
    (unit / "memory.max").write_text("1024\n")
    (unit / "payload" / "memory.max").write_text("max\n")
    (root / "machine.slice" / "pids.max").write_text("7\n")
    assert texts("/machine.slice/unit/payload", FILES, root) == {
        "memory.max": ["max", "1024"],
        "pids.max": ["7"],
    }
    assert texts("/", FILES, root) == {"memory.max": [], "pids.max": []}


def test_a_group_out_of_sight_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "pids.max").write_text("7")
    assert texts("/../../x", FILES, tmp_path / "a") == {"memory.max": [], "pids.max": []}
