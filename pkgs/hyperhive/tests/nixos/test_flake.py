import json
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from tests.nixos import nix, packaging

packaging.need_flake()

FLAKE: Final = nix.ROOT / "flake.nix"
SYSTEMS: Final = ["aarch64-linux", "x86_64-linux"]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the stand-in for nixpkgs in it."""
    directory = tmp_path_factory.mktemp("flake")
    packaging.nixpkgs(directory)
    return directory


def test_the_flake_only_wires() -> None:
    assert len(FLAKE.read_text(encoding="utf-8").splitlines()) < 100


def test_every_output_is_there_for_both_systems(here: Path) -> None:
    names = "builtins.mapAttrs (_: builtins.attrNames)"
    found = packaging.outputs(
        here,
        f"""o: builtins.mapAttrs (name: output:
          if builtins.elem name [ "formatter" "lib" "nixosModules" "overlays" "templates" ]
          then builtins.attrNames output else {names} output)
          (removeAttrs o [ "checks" "inputs" ])""",
    )
    assert found == {
        "apps": {system: ["default", "demo"] for system in SYSTEMS},
        "devShells": {system: ["default"] for system in SYSTEMS},
        "formatter": SYSTEMS,
        "lib": ["mkAgent"],
        "nixosModules": ["agent", "default", "hyperhive"],
        "overlays": ["default"],
        "packages": {system: ["default", "hyperhive"] for system in SYSTEMS},
        "templates": ["default"],
    }


def test_the_checks_are_the_package_whole_systems_and_the_vm_tests(here: Path) -> None:
    found = packaging.outputs(here, "o: builtins.mapAttrs (_: builtins.attrNames) o.checks")
    vm = [f"vm-{path.stem}" for path in (nix.ROOT / "nixos-tests" / "vm").glob("*.nix")]
    wanted = sorted(["agent", "assertions", "hives", "package", "template", *vm])
    assert found == dict.fromkeys(SYSTEMS, wanted)


def test_the_outputs_of_a_system_are_made_for_it(here: Path) -> None:
    found = packaging.outputs(
        here,
        """o: builtins.mapAttrs (system: packages: [
          packages.default.program.system
          o.checks.${system}.package.program.system
          o.formatter.${system}.system
          o.devShells.${system}.default.system
          (packages.default == packages.hyperhive)
        ]) o.packages""",
    )
    assert found == {system: [*[system] * 4, True] for system in SYSTEMS}


def test_the_overlay_has_the_same_package(here: Path) -> None:
    found = packaging.outputs(
        here,
        """o: let
          pkgs = import ./nixpkgs { system = "x86_64-linux"; overlays = [ o.overlays.default ]; };
        in pkgs.hyperhive.drvPath == o.packages.x86_64-linux.hyperhive.drvPath""".replace(
            "./nixpkgs", f"{here}/nixpkgs"
        ),
    )
    assert found is True


def test_the_template_is_a_flake_with_a_hive(here: Path) -> None:
    template = packaging.outputs(here, "o: toString o.templates.default.path")
    assert {path.name for path in Path(template).iterdir()} >= {
        "agents",
        "configuration.nix",
        "flake.nix",
        "machine.nix",
    }


def test_the_lock_pins_the_one_input(here: Path) -> None:
    lock = json.loads((nix.ROOT / "flake.lock").read_text(encoding="utf-8"))
    locked = lock["nodes"]["nixpkgs"].pop("locked")
    original = {"type": "github", "owner": "NixOS", "repo": "nixpkgs", "ref": "nixos-26.05"}
    assert lock == {
        "version": 7,
        "root": "root",
        "nodes": {"root": {"inputs": {"nixpkgs": "nixpkgs"}}, "nixpkgs": {"original": original}},
    }
    assert {key: locked[key] for key in ("type", "owner", "repo")} == {
        key: original[key] for key in ("type", "owner", "repo")
    }
    assert locked.keys() == {"type", "owner", "repo", "rev", "lastModified", "narHash"}
    assert packaging.outputs(here, "o: o.inputs") == {"nixpkgs": {"url": "github:NixOS/nixpkgs/nixos-26.05"}}


def demo(here: Path, allowed: str) -> Any:
    """The demo's script and the programs it brings; `allowed` is a predicate in Nix, of unfree packages."""
    return packaging.outputs(
        here,
        f"""o: let
          pkgs = import {here}/nixpkgs {{
            system = "x86_64-linux";
            config.allowUnfreePredicate = {allowed};
          }};
          apps = import {packaging.PROJECT}/apps.nix {{
            # What would be built, instead of where it would be.
            pkgs = pkgs // {{ lib = pkgs.lib // {{ getExe = package: package; }}; }};
            inherit (o.packages.x86_64-linux) hyperhive;
          }};
          inherit (apps.demo.program) arguments;
        in {{
          inherit (arguments) text;
          inputs = map (one: one.pname) arguments.runtimeInputs;
        }}""",
    )


def test_the_demo_brings_claude_code_where_it_is_allowed(here: Path) -> None:
    found = demo(here, 'package: package.pname == "claude-code"')
    assert found == {"inputs": ["hyperhive", "claude-code"], "text": 'exec hyperhive demo "$@"\n'}


def test_the_demo_says_how_to_allow_claude_code_where_it_is_not(here: Path, tmp_path: Path) -> None:
    found = demo(here, "_: false")
    assert found["inputs"] == ["hyperhive"]
    script = f"command() {{ false; }}\n{found['text']}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=10, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "NIXPKGS_ALLOW_UNFREE=1 nix run --impure" in done.stderr
