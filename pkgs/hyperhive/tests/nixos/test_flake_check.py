"""`nix flake show` and `nix flake check --no-build`, with the trees at hand in nixpkgs' place."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests import test_architecture
from tests.nixos import nix

nix.need_tree()

NIX: Final = shutil.which("nix")
SYSTEMS: Final = ["aarch64-linux", "x86_64-linux"]
#: Evaluated one by one elsewhere; here one of each shows that the flake finds them.
ENOUGH: Final = {"hives": "minimal.nix", "failing": "reserved-name.nix"}

if NIX is None or not (nix.ROOT / "flake.nix").is_file():
    pytest.skip("no `nix` program, or no flake", allow_module_level=True)

#: `flake("show", "--json")` runs `nix flake show --json` and gives what it prints.
Flake = Callable[..., str]


@pytest.fixture
def flake(tmp_path: Path) -> Flake:
    checkout = tmp_path / "checkout"
    for path in test_architecture.sources():
        copy = checkout / path.relative_to(nix.ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    evaluated = checkout / nix.EVAL.relative_to(nix.ROOT)
    for directory, kept in ENOUGH.items():
        for path in (evaluated / directory).glob("*.nix"):
            if path.name != kept:
                path.unlink()
    environment = {
        **os.environ,
        "HOME": str(tmp_path / "home"),
        "NIX_CONFIG": "experimental-features = nix-command flakes\nfsync-metadata = false",
        # A store of its own needs no root and no daemon; only in a store can the flake's files be.
        **{
            f"NIX_{part.upper()}_DIR": str(tmp_path / "nix" / part)
            for part in ("store", "state", "log", "conf")
        },
        "HYPERHIVE_EVAL": str(evaluated),
        "HYPERHIVE_NIXPKGS": str(nix.tree()),
        "HYPERHIVE_NIXPKGS_LIB": str(nix.library()),
    }
    shim = ["--override-input", "nixpkgs", f"path:{evaluated / 'shim'}", "--no-write-lock-file", "--impure"]

    def run(verb: str, *arguments: str) -> str:
        done = subprocess.run(
            [str(NIX), "flake", verb, *arguments, *shim, f"path:{checkout}"],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            timeout=110,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_the_flake_shows_its_outputs_for_both_systems(flake: Flake) -> None:
    shown = json.loads(flake("show", "--json"))
    names = ("apps", "checks", "devShells", "formatter", "packages")
    assert {name: sorted(shown[name]) for name in names} == dict.fromkeys(names, SYSTEMS)


def test_every_output_of_the_flake_evaluates(flake: Flake) -> None:
    flake("check", "--no-build")
