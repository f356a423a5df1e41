"""An agent's disk, made and resized by the script that the module renders, with real tools on real files."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.nixos import expected, nix

if not nix.EVAL.is_dir():
    pytest.skip(f"no {nix.EVAL}", allow_module_level=True)
PATH: Final = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
for program in ("mkfs.ext4", "resize2fs", "debugfs"):
    if shutil.which(program, path=PATH) is None:
        pytest.skip(f"no {program}: install Debian's package e2fsprogs", allow_module_level=True)

MIB: Final = 1024 * 1024


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The places on the host, with the directories that tmpfiles makes there."""
    for part in ("disks", "agents/alice/state", "agents/alice/container/root"):
        (tmp_path / part).mkdir(parents=True)
    return tmp_path


def look_after(place: Path, mib: int) -> str:
    """Run the script, as the unit does; what it says."""
    script = expected.committed("vm-attacked")["host/scripts/hyperhive-disk-alice-script"]
    environment = {
        "PATH": PATH,
        "disk": str(place / "disks" / "alice.ext4"),
        "directory": str(place / "agents" / "alice"),
        "size": str(mib * MIB),
    }
    done = subprocess.run(
        ["bash", "-e", "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def debugfs(place: Path, *commands: str, write: bool = False) -> str:
    """What is on the disk, without mounting it."""
    options = [*(["-w"] if write else []), *(word for one in commands for word in ("-R", one))]
    command = ["debugfs", *options, str(place / "disks" / "alice.ext4")]
    environment = {"PATH": PATH}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def sizes(place: Path) -> tuple[int, int]:
    """MiB of the file, and of the file system in it."""
    stats = debugfs(place, "show_super_stats -h")
    count, size = (
        int(re.findall(rf"^{what}: +(\d+)$", stats, re.MULTILINE)[0])
        for what in ("Block count", "Block size")
    )
    return (place / "disks" / "alice.ext4").stat().st_size // MIB, count * size // MIB


def test_a_new_disk_starts_with_the_agents_directories_and_what_is_in_them(place: Path) -> None:
    (place / "agents/alice/state/notes.md").write_text("kept")
    (place / "agents/alice/container").chmod(0o700)
    assert look_after(place, 64) == ""
    assert sizes(place) == (64, 64)
    assert debugfs(place, "cat /state/notes.md") == "kept"
    # Nobody but root writes where the directories themselves are.
    assert re.search(r"Mode: +0755 .*User: +0 ", debugfs(place, "stat /"), re.DOTALL)
    assert re.search(r"Mode: +0700 ", debugfs(place, "stat /container"))
    assert list((place / "disks").iterdir()) == [place / "disks" / "alice.ext4"]


def test_a_disk_takes_no_more_of_the_host_than_is_used(place: Path) -> None:
    look_after(place, 4096)
    found = (place / "disks" / "alice.ext4").stat()
    assert (found.st_size // MIB, found.st_blocks * 512 < 256 * MIB) == (4096, True)


def test_a_disk_that_is_there_keeps_what_is_on_it(place: Path) -> None:
    (place / "agents/alice/state/notes.md").write_text("first")
    look_after(place, 64)
    (place / "agents/alice/state/notes.md").write_text("second")
    look_after(place, 64)
    assert debugfs(place, "cat /state/notes.md") == "first"


def test_an_unfinished_disk_is_made_again(place: Path) -> None:
    (place / "disks" / "alice.ext4.new").write_bytes(b"half")
    look_after(place, 64)
    assert sizes(place) == (64, 64)


def test_a_disk_follows_its_limit_and_never_loses_what_is_on_it(place: Path) -> None:
    (place / "agents/alice/state/large").write_bytes(os.urandom(80 * MIB))
    look_after(place, 128)
    look_after(place, 300)
    assert sizes(place) == (300, 300)
    look_after(place, 200)
    assert sizes(place) == (200, 200)
    said = look_after(place, 64)
    assert said.endswith("keeps its 200 MiB: what is on it does not fit into 64\n")
    assert sizes(place)[0] == 200
    checked = subprocess.run(
        ["e2fsck", "-f", "-n", str(place / "disks" / "alice.ext4")],
        env={"PATH": PATH},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_small_damage_is_mended_before_the_disk_is_used(place: Path) -> None:
    (place / "agents/alice/state/notes.md").write_text("kept")
    look_after(place, 64)
    debugfs(place, "set_super_value free_blocks_count 1", write=True)
    debugfs(place, "set_super_value state 2", write=True)
    look_after(place, 64)
    assert debugfs(place, "cat /state/notes.md") == "kept"


def test_a_disk_in_use_is_left_alone(place: Path) -> None:
    disk = place / "disks" / "alice.ext4"
    look_after(place, 64)
    before = disk.stat().st_mtime_ns
    # Any directory that is another file system's.
    (place / "agents" / "alice").rename(place / "agents" / "was")
    (place / "agents" / "alice").symlink_to("/proc/sys")
    assert "is mounted" in look_after(place, 128)
    assert (disk.stat().st_size // MIB, disk.stat().st_mtime_ns) == (64, before)
