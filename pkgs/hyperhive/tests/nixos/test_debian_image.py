"""The disk of `make vm-test`: what it is made from, and when it is made anew."""

import os
import re
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.nixos import debian, expected

cache = debian.load("cache")
image = debian.load("image")
mirror = debian.load("mirror")
software = debian.load("software")
steps = debian.load("steps")

#: What the installer brings itself, from the rendered machine.
RENDERED = re.compile(r"unit-script-.*|nixos-system-.*")


def tree(directory: Path) -> Path:
    """A directory with a file, a program, a link and a directory."""
    (directory / "etc").mkdir(parents=True)
    (directory / "etc" / "name").write_text("machine\n")
    (directory / "program").write_text("#!/bin/sh\n")
    (directory / "program").chmod(0o755)
    (directory / "link").symlink_to("program")
    return directory


def key(*paths: Path) -> str:
    name: str = cache.Key().files(*paths).name()
    return name


def test_the_same_files_have_the_same_key_wherever_they_are(tmp_path: Path) -> None:
    assert key(tree(tmp_path / "here" / "image")) == key(tree(tmp_path / "there" / "image"))


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "etc" / "name").write_text("other\n"),
        lambda root: (root / "etc" / "name").rename(root / "etc" / "hostname"),
        lambda root: (root / "etc" / "more").mkdir(),
        lambda root: (root / "program").chmod(0o644),
        lambda root: [(root / "link").unlink(), (root / "link").symlink_to("etc")],
        lambda root: [(root / "link").unlink(), (root / "link").write_text("program")],
    ],
    ids=["content", "name", "directory", "mode", "target", "kind"],
)
def test_a_change_of_a_file_changes_the_key(tmp_path: Path, change: Any) -> None:
    root = tree(tmp_path / "image")
    before = key(root)
    change(root)
    assert key(root) != before


def test_what_python_compiled_is_no_part_of_the_key(tmp_path: Path) -> None:
    root = tree(tmp_path / "image")
    before = key(root)
    (root / "etc" / "__pycache__").mkdir()
    assert key(root) == before


def test_where_one_word_ends_is_part_of_the_key() -> None:
    assert cache.Key().text("ab", "c").name() != cache.Key().text("a", "bc").name()


def test_an_entry_is_made_once(tmp_path: Path) -> None:
    store = cache.Cache(tmp_path / "cache")
    made: list[Path] = []

    def make(directory: Path) -> None:
        made.append(directory)
        (directory / "disk").write_text("whole")

    first = store.entry("disk", cache.Key().text("a"), make)
    second = store.entry("disk", cache.Key().text("a"), make)
    assert (first, len(made), (first / "disk").read_text()) == (second, 1, "whole")


def test_an_entry_that_could_not_be_made_leaves_nothing(tmp_path: Path) -> None:
    store = cache.Cache(tmp_path / "cache")

    def make(directory: Path) -> None:
        (directory / "half").write_text("half")
        raise steps.BuildError("no network")

    with pytest.raises(steps.BuildError):
        store.entry("disk", cache.Key().text("a"), make)
    assert [path.name for path in store.directory.iterdir()] == [".disk.lock"]


def test_old_entries_make_room_but_only_for_their_own_kind(tmp_path: Path) -> None:
    store = cache.Cache(tmp_path / "cache")
    system = store.entry("system", cache.Key().text("a"), lambda _: None)
    entries = []
    for number in range(4):
        entry = store.entry("disk", cache.Key().text(str(number)), lambda _: None)
        os.utime(entry, (number, number))
        entries.append(entry)
    # One that was used again counts as new.
    store.entry("disk", cache.Key().text("2"), lambda _: None)
    store.entry("disk", cache.Key().text("4"), lambda _: None)
    kept = {path for path in store.directory.iterdir() if path.is_dir()}
    assert kept == {system, entries[2], store.directory / f"disk-{cache.Key().text('4').name()}"}


def test_an_entry_that_a_run_may_still_use_stays(tmp_path: Path) -> None:
    store = cache.Cache(tmp_path / "cache")
    entries = [store.entry("disk", cache.Key().text(str(number)), lambda _: None) for number in range(4)]
    assert all(entry.is_dir() for entry in entries)


def test_who_comes_second_waits_for_the_first(tmp_path: Path) -> None:
    store = cache.Cache(tmp_path / "cache")
    started, finish = threading.Event(), threading.Event()
    made: list[str] = []

    def slow(_directory: Path) -> None:
        started.set()
        assert finish.wait(10)
        made.append("first")

    first = threading.Thread(target=store.entry, args=("disk", cache.Key().text("a"), slow))
    first.start()
    assert started.wait(10)
    second = threading.Thread(
        target=store.entry, args=("disk", cache.Key().text("a"), lambda _: made.append("second"))
    )
    second.start()
    finish.set()
    first.join(10)
    second.join(10)
    assert made == ["first"]


def test_the_cache_is_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPERHIVE_VM_CACHE", str(tmp_path / "given"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    given = image.cache()
    monkeypatch.delenv("HYPERHIVE_VM_CACHE")
    assert (given, image.cache()) == (tmp_path / "given", tmp_path / "xdg" / "hyperhive" / "vm")


def test_a_run_leaves_no_scratch_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPERHIVE_VM_CACHE", str(tmp_path))
    with image.scratch() as directory:
        (directory / "overlay").write_text("large")
    assert list(tmp_path.iterdir()) == []


def test_a_list_of_packages_may_have_comments() -> None:
    assert image.packages("# what\n\ndbus\nsystemd  # boots\n") == ["dbus", "systemd"]


def test_packages_are_listed_once() -> None:
    listed = image.packages((debian.DIRECTORY / "packages.txt").read_text())
    assert sorted(set(listed)) == sorted(listed)


def test_the_mirror_is_the_archive_that_apt_uses() -> None:
    targets = (
        "https://mirror.example/debian-security|main\n"
        "https://mirror.example/debian/|contrib\n"
        "https://mirror.example/debian/|main\n"
        "https://mirror.example/debian|main\n"
        "https://other.example/ubuntu|main\n"
    )
    assert mirror.mirrors_in(targets) == ["https://mirror.example/debian"]


def test_a_given_mirror_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYPERHIVE_DEBIAN_MIRROR", "https://near.example/debian")
    assert mirror.debian_mirror() == ["https://near.example/debian"]


def test_a_program_that_fails_is_shown_with_its_last_line() -> None:
    said: list[str] = []
    with pytest.raises(steps.BuildError) as raised:
        steps.Steps(said.append).run("building", ["sh", "-c", "echo one; echo two >&2; exit 3"])
    assert (str(raised.value), said) == ("building: sh ended with 3\none\ntwo", [])


def test_a_program_that_is_missing_is_named() -> None:
    with pytest.raises(steps.BuildError, match="there is no mmdebstrap-of-nobody"):
        steps.Steps(print).run("installing", ["mmdebstrap-of-nobody"])


def test_the_store_has_the_program_in_an_environment_of_its_own(tmp_path: Path) -> None:
    # What pip would have downloaded, as far as anybody looks at it here.
    installed = tmp_path / "site-packages"
    (installed / "claude_agent_sdk" / "_bundled").mkdir(parents=True)
    (installed / "claude_agent_sdk" / "_bundled" / "claude").write_text("claude")
    (installed / "bin").mkdir()
    said: list[str] = []
    runner = steps.Steps(said.append)
    wheel = software.wheel(tmp_path, runner)
    root = tmp_path / "root"
    software.put(root, installed, wheel, runner)

    hyperhive = root / "nix" / "store" / "hyperhive"
    packages = hyperhive / "lib" / "python3.13" / "site-packages"
    assert {path.name for path in packages.iterdir()} >= {"hyperhive", "claude_agent_sdk"}
    assert not (packages / "bin").exists()
    assert (hyperhive / "bin" / "python3").readlink() == Path("/usr/bin/python3")
    assert (hyperhive / "bin" / "hyperhive").read_text().startswith("#!/nix/store/hyperhive/bin/python3\n")
    assert os.access(hyperhive / "bin" / "hyperhive", os.X_OK)
    assert (hyperhive / "share" / "hyperhive" / "dashboard" / "index.html").is_file()
    assert (root / "nix" / "store" / "claude-code" / "bin" / "claude").read_text() == "claude"
    assert (root / "usr" / "local" / "bin" / "hyperhive").readlink() == Path(
        "/nix/store/hyperhive/bin/hyperhive"
    )
    # The cache keeps its copy.
    assert (installed / "claude_agent_sdk" / "_bundled" / "claude").is_file()


def test_the_same_sources_make_the_same_wheel(tmp_path: Path) -> None:
    runner = steps.Steps(lambda _: None)
    first = software.wheel(tmp_path / "first", runner)
    second = software.wheel(tmp_path / "second", runner)
    assert first.read_bytes() == second.read_bytes()


def test_every_program_that_a_rendered_machine_names_has_its_place_in_the_store() -> None:
    named = {
        package
        for machine in expected.tests()
        for text in expected.committed(machine).values()
        for package in re.findall(r"/nix/store/([\w.+-]+)/s?bin\b", text)
        if not RENDERED.fullmatch(package)
    }
    assert named
    assert named <= software.packages()
