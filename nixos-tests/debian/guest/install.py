"""Makes a Debian the machine of a VM test: puts what NixOS would have written into place and starts it.

The directory has `machine/`, the files of one of `nixos-tests/eval/expected`, and `lib/` with those that it
calls `/nix/store/<file>`. Nothing rendered is changed. It needs the standard library only.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

STORE: Final = "nix/store"
UNITS: Final = "etc/systemd/system"
HERE: Final = Path(__file__).parent
#: Where the shim's own programs are; containers see it as well.
PROGRAMS: Final = "usr/local/lib/container"

_NAME: Final = re.compile(r"/nix/store/([A-Za-z0-9+._?=-]+)")
#: A unit's script in the machine's files -> how NixOS's unit calls it.
_KINDS: Final = {
    "preStart": "pre-start",
    "script": "start",
    "postStart": "post-start",
    "preStop": "pre-stop",
    "postStop": "post-stop",
    "reload": "reload",
}


class InstallError(Exception):
    """The machine needs something that is not there."""


class Guest:
    """A file system that becomes the machine's.

    Args:
        root: Of the file system; `/` when it is the running one.
        source: The directory with `machine/` and `lib/`.
    """

    def __init__(self, root: Path, source: Path) -> None:
        self.root = root
        self.source = source
        self.host = source / "machine" / "host"
        self.settings = json.loads((self.host / "host.json").read_text(encoding="utf-8"))
        self.containers = sorted((source / "machine" / "containers").iterdir())

    def put(self) -> None:
        """Put all files into place.

        Raises:
            InstallError: A file or unit names a store path that is nowhere.
        """
        self._put_shim()
        self._put_host()
        self._put_scripts(self.host)
        self._copy(self.host / "hyperhive.nft", f"{STORE}/hyperhive.nft")
        for container in self.containers:
            self._put_container(container)
            self._put_scripts(container)
        for file in (self.source / "lib").glob("*"):
            if file.name in self.store_names():
                self._copy(file, f"{STORE}/{file.name}")
        missing = sorted(name for name in self.store_names() if not (self.root / STORE / name).exists())
        if missing:
            raise InstallError(f"not in the machine's /nix/store: {', '.join(missing)}")

    def store_names(self) -> set[str]:
        """Names below `/nix/store` that the machine's files call for."""
        found: set[str] = set()
        for file in (self.source / "machine").rglob("*"):
            if file.is_file():
                lines = file.read_text(encoding="utf-8").splitlines()
                # What restarts a unit is a comment.
                found |= {name for line in lines if not line.startswith("#") for name in _NAME.findall(line)}
        return found

    def _put_shim(self) -> None:
        for file in (*HERE.glob("shim/*"), *HERE.glob("nix/*")):
            self._copy(file, f"{UNITS if file.suffix else PROGRAMS}/{file.name}")
        self._want("sockets.target", "nix-daemon.socket")
        self._want("multi-user.target", "machines.target", "/usr/lib/systemd/system/machines.target")
        for directory in ("db", "profiles", "gcroots", "daemon-socket"):
            (self.root / "nix/var/nix" / directory).mkdir(parents=True, exist_ok=True)

    def _put_host(self) -> None:
        self._copy_tree(self.host / "etc", "etc")
        self._copy(self.host / "polkit.rules", "etc/polkit-1/rules.d/10-hyperhive.rules")
        self._copy(self.host / "tmpfiles.conf", "etc/tmpfiles.d/hyperhive.conf")
        sysctl = {key: int(value) for key, value in self.settings["sysctl"].items()}
        self._write("etc/sysctl.d/60-nixos.conf", [f"{key} = {value}" for key, value in sysctl.items()])
        groups = [f"g {group} -" for group in self.settings["groups"]]
        users = [
            f"u {name} -:{user['group']} - {user['home']}" for name, user in self.settings["users"].items()
        ]
        self._write("etc/sysusers.d/hyperhive.conf", [*groups, *users])
        self._put_units(self.host / "units", UNITS)
        for conf in sorted((self.host / "etc/nixos-containers").glob("*.conf")):
            if "AUTO_START=1" in conf.read_text(encoding="utf-8").splitlines():
                unit = f"container@{conf.stem}.service"
                self._want("machines.target", unit, f"/{UNITS}/container@.service")

    def _put_container(self, container: Path) -> None:
        """The part of a container's system that is rendered, where its file of variables looks for it."""
        system = f"{STORE}/nixos-system-{container.name}"
        self._copy_tree(container / "etc", f"{system}/etc")
        self._put_units(container / "units", f"{system}/{UNITS}")
        # In NixOS's own unit of this container.
        seconds = json.loads((container / "settings.json").read_text(encoding="utf-8"))["timeoutStartSec"]
        drop_in = f"{UNITS}/container@{container.name}.service.d/nixos.conf"
        self._write(drop_in, ["[Service]", f"TimeoutStartSec={seconds}"])
        inside = json.loads((container / "inside.json").read_text(encoding="utf-8"))["networking"]
        self._write(f"{system}/etc/hostname", [inside["hostName"]])
        self._write(f"{system}/etc/hosts", [f"127.0.0.1 localhost {inside['hostName']}"])
        self._write(f"{system}/etc/resolv.conf", [f"nameserver {one}" for one in inside["nameservers"]])

    def _put_units(self, units: Path, target: str) -> None:
        self._copy_tree(units, target)
        for unit in sorted(path for path in units.iterdir() if path.is_file()):
            for line in unit.read_text(encoding="utf-8").splitlines():
                key, _, value = line.partition("=")
                if key in {"WantedBy", "RequiredBy"}:
                    kind = "wants" if key == "WantedBy" else "requires"
                    self._want(value, unit.name, f"../{unit.name}", directory=target, kind=kind)

    def _put_scripts(self, directory: Path) -> None:
        for script in sorted((directory / "scripts").glob("*")):
            unit, _, kind = script.name.rpartition("-")
            name = f"{unit.replace('@', '_')}-{_KINDS[kind]}"
            text = script.read_text(encoding="utf-8").splitlines()
            path = f"{STORE}/unit-script-{name}/bin/{name}"
            self._write(path, ["#!/bin/bash", "set -e", *text], mode=0o755)

    def _want(
        self, target: str, unit: str, points_to: str = "", *, directory: str = UNITS, kind: str = "wants"
    ) -> None:
        link = self.root / directory / f"{target}.{kind}" / unit
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(points_to or f"../{unit}")

    def _copy_tree(self, source: Path, target: str) -> None:
        for file in sorted(path for path in source.rglob("*") if path.is_file()):
            self._copy(file, f"{target}/{file.relative_to(source)}")

    def _copy(self, source: Path, target: str) -> None:
        path = self.root / target
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, path)
        path.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)

    def _write(self, target: str, lines: list[str], mode: int = 0o644) -> None:
        path = self.root / target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        path.chmod(mode)


def take_up() -> None:
    """Make the running machine take up its files, as a boot would.

    Raises:
        CalledProcessError: A command failed.
    """
    commands = [
        ["systemd-sysusers", "hyperhive.conf"],
        ["systemd-tmpfiles", "--create", "hyperhive.conf"],
        ["sysctl", "--quiet", "--load=/etc/sysctl.d/60-nixos.conf"],
        ["systemctl", "daemon-reload"],
        # It may have been started before its rules' directory had anything in it.
        ["systemctl", "try-restart", "polkit.service"],
        ["systemctl", "start", "sockets.target"],
        ["systemctl", "start", "--no-block", "machines.target", "multi-user.target"],
    ]
    for command in commands:
        subprocess.run(command, check=True)  # noqa: S603 - they are the ones above


def main() -> int:
    """Install; 1 when something is missing or a command fails."""
    parser = argparse.ArgumentParser(description="Make this Debian the machine of a VM test.")
    parser.add_argument("directory", type=Path, help="with machine/ and lib/")
    parser.add_argument("--root", type=Path, default=Path("/"), help="only put files into place below it")
    arguments = parser.parse_args()
    try:
        Guest(arguments.root, arguments.directory).put()
        if arguments.root == Path("/"):
            take_up()
    except (InstallError, OSError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"install: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
