"""The machine's disk: Debian trixie with hyperhive and Claude Code where the rendered files look for them.

Made without root mounts, and by an ordinary user where user namespaces with a range of ids may be used. The
network is needed only for what the cache does not have.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import software
from cache import Cache, Key
from mirror import apt_options, debian_mirror
from steps import Steps

_HERE: Final = Path(__file__).resolve().parent
_SUITE: Final = "trixie"
_SIZE: Final = "6G"
_ASSEMBLE: Final = _HERE / "assemble"
_IMAGE: Final = _HERE / "image"
_PACKAGES: Final = _HERE / "packages.txt"
#: The disk's driver is all that the initial file system is for: the rest is in the kernel, or on the disk.
_INITRD: Final = (
    'mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"',
    'echo MODULES=list >"$1/etc/initramfs-tools/conf.d/disk"',
    'echo virtio_blk >"$1/usr/share/initramfs-tools/modules.d/disk"',
)
_LEFT_OUT: Final = ("/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/man/*")


@dataclass(frozen=True)
class Disk:
    """A disk that boots: a raw image, to be used below an overlay, and what is started from outside of it."""

    image: Path
    kernel: Path
    initrd: Path


def build() -> Disk:
    """Make the disk, or take it from the cache.

    Raises:
        BuildError: A program failed or is missing.
    """
    store = _cache()
    steps = Steps(_say)
    with store.scratch("wheel-") as directory:
        wheel = software.wheel(directory, steps)
        installed = software.dependencies(store, steps)
        system = _system(store, steps)
        own = (_HERE / "software.py", _HERE / "image.py", _ASSEMBLE, _IMAGE, wheel)
        key = Key().text(system.parent.name, installed.parent.name, _SIZE).files(*own)

        def make(out: Path) -> None:
            with store.scratch("additions-") as additions:
                software.put(additions, installed, wheel, steps)
                _copy_image(additions)
                command = [*_as_root(), str(_ASSEMBLE), str(system), str(additions), str(out), _SIZE]
                steps.run("assembling the disk", command)

        entry = store.entry("disk", key, make)
    return Disk(entry / "disk.raw", entry / "kernel", entry / "initrd")


def cache() -> Path:
    """The directory of disks, and of what a run keeps."""
    return _cache().directory


@contextmanager
def scratch() -> Iterator[Path]:
    """An empty directory for large files, gone afterwards."""
    with _cache().scratch() as directory:
        yield directory


def packages(text: str) -> list[str]:
    """Names in the text of a list with comments and empty lines."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def _cache() -> Cache:
    return Cache.of_this_user()


def _system(store: Cache, steps: Steps) -> Path:
    """A tar of Debian with its packages."""
    include = packages(_PACKAGES.read_text(encoding="utf-8"))
    key = Key().text(_SUITE, *include, *_INITRD, *_LEFT_OUT)

    def make(directory: Path) -> None:
        command = ["mmdebstrap", "--variant=minbase", "--architectures=amd64"]
        command += [f"--include={','.join(include)}"]
        command += ['--aptopt=Apt::Install-Recommends "false"']
        command += [f"--aptopt={option}" for option in apt_options()]
        command += [f"--dpkgopt=path-exclude={path}" for path in _LEFT_OUT]
        # Before the kernel is installed, so that its initrd is made once.
        command += [f"--essential-hook={hook}" for hook in _INITRD]
        command += [_SUITE, str(directory / "system.tar"), *debian_mirror()]
        steps.run(f"installing Debian {_SUITE}", command)

    return store.entry("system", key, make) / "system.tar"


def _copy_image(additions: Path) -> None:
    """Add our own files, and give all the modes of a checkout with umask 022, whatever the umask was here."""
    shutil.copytree(_IMAGE, additions, symlinks=True, dirs_exist_ok=True)
    for directory, _, files in os.walk(additions):
        Path(directory).chmod(0o755)
        for path in (Path(directory) / name for name in files):
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def _as_root() -> list[str]:
    """In front of a command that has to own files in the name of others."""
    return [] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--map-auto"]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
