import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hyperhive.config.hive_file import Paths
from hyperhive.errors import ConflictError, UnavailableError
from hyperhive.up.paths import (
    choose_paths,
    is_short,
    locked,
    make_private,
    make_runtime_dir,
    remove_runtime_dir,
    write_private,
)

DASHBOARD = Path("/dashboard")


def test_sockets_lie_below_the_state_directory_where_they_fit() -> None:
    paths = choose_paths(Path("/srv/hive"), DASHBOARD)
    assert paths == Paths(Path("/srv/hive"), Path("/srv/hive/run"), DASHBOARD)
    assert not is_short(paths)


def test_a_relative_state_directory_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert choose_paths(Path(".hyperhive"), DASHBOARD).state_dir == tmp_path / ".hyperhive"


def test_sockets_that_do_not_fit_go_to_the_runtime_directory_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run")
    first = choose_paths(Path("/srv") / ("x" * 60), DASHBOARD)
    second = choose_paths(Path("/srv") / ("y" * 60), DASHBOARD)
    assert first.runtime_dir.parent == Path("/run")
    assert first.runtime_dir != second.runtime_dir
    assert is_short(first)


def test_a_runtime_directory_that_is_itself_too_long_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 60)
    long.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    assert choose_paths(long, DASHBOARD).runtime_dir.parent == Path("/tmp")


def test_the_link_follows_the_choice(tmp_path: Path) -> None:
    state = tmp_path / "state"
    make_private(state)
    near = Paths(state, state / "run", DASHBOARD)
    far = Paths(state, tmp_path / "far", DASHBOARD)
    make_runtime_dir(near)
    assert (state / "run").is_dir()
    make_runtime_dir(far)
    assert (state / "run").readlink() == tmp_path / "far"
    make_runtime_dir(near)
    assert not (state / "run").is_symlink()
    remove_runtime_dir(near)
    assert (state / "run").is_dir()


def test_a_private_directory_is_ours_and_closed(tmp_path: Path) -> None:
    path = tmp_path / "open"
    path.mkdir(mode=0o755)
    make_private(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_a_link_in_the_place_of_a_private_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(ConflictError, match="is not a directory of this user's own"):
        make_private(tmp_path / "link")


def test_a_file_in_the_place_of_a_private_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConflictError, match="is in the way"):
        make_private(tmp_path / "file")
    with pytest.raises(UnavailableError, match="cannot be made: Not a directory"):
        make_private(tmp_path / "file" / "below")


def test_the_lock_of_a_process_that_is_gone_is_free(tmp_path: Path) -> None:
    script = (
        "import sys, os\nfrom pathlib import Path\nfrom hyperhive.up.paths import locked\n"
        "with locked(Path(sys.argv[1])):\n    print('held', flush=True)\n    os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", script, tmp_path], timeout=20, check=False)
    with locked(tmp_path):
        assert (tmp_path / "up.lock").read_text() == f"{os.getpid()}\n"


def test_a_private_file_replaces_what_was_there_and_is_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", 0o600)
    assert list(tmp_path.iterdir()) == [path]
