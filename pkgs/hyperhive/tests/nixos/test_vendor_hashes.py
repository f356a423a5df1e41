import base64
import hashlib
import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.nixos import packaging

DASHBOARD: Final = packaging.PROJECT / "dashboard"
MODULES: Final = DASHBOARD / "node_modules"


def read(name: str) -> Any:
    return json.loads((DASHBOARD / name).read_text(encoding="utf-8"))


FILES: Final = read("vendor.json")
LOCKED: Final = read("package-lock.json")["packages"]


def subresource_integrity(path: Path) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(path.read_bytes()).digest()).decode()}"


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def installed() -> None:
    if not MODULES.is_dir():
        pytest.skip("no dashboard/node_modules: run `make vendor`")


def test_every_file_has_the_hash_of_what_npm_installs() -> None:
    installed()
    hashes = {(one["package"], one["file"]): one["hash"] for one in FILES}
    assert hashes == {key: subresource_integrity(MODULES / key[0] / key[1]) for key in hashes}


def test_npm_has_installed_the_locked_versions_of_the_packages_that_are_served() -> None:
    installed()
    wanted = read("package.json")["dependencies"]
    manifests = {name: json.loads((MODULES / name / "package.json").read_bytes()) for name in wanted}
    assert {one["package"] for one in FILES} == wanted.keys()
    assert wanted == {name: manifest["version"] for name, manifest in manifests.items()}
    assert wanted == {name: LOCKED[f"node_modules/{name}"]["version"] for name in wanted}


def test_everything_in_vendor_comes_from_a_listed_file_and_every_package_brings_its_license() -> None:
    installed()
    assert sorted(contents(DASHBOARD / "vendor")) == sorted(one["target"] for one in FILES)
    licensed = {one["package"] for one in FILES if one["file"] == "LICENSE"}
    assert licensed == {one["package"] for one in FILES}


def test_nix_fetches_exactly_these_files_at_the_locked_versions(tmp_path: Path) -> None:
    packaging.need_flake()
    packaging.nixpkgs(tmp_path)
    fetched = packaging.outputs(
        tmp_path,
        """
          o: map (one: { inherit (one) name; inherit (one.path.arguments) hash url; })
            o.packages.x86_64-linux.hyperhive.dashboardVendor.modules.arguments
        """,
    )
    assert fetched == [
        {
            "name": f"{one['package']}/{one['file']}",
            "hash": one["hash"],
            "url": "https://cdn.jsdelivr.net/npm/{}@{}/{}".format(
                one["package"], LOCKED[f"node_modules/{one['package']}"]["version"], one["file"]
            ),
        }
        for one in FILES
    ]


def test_the_build_makes_the_same_vendor_of_single_files(tmp_path: Path) -> None:
    installed()
    node = packaging.program("node")
    # As dashboard-vendor.nix has it: the script, its list, and a tree of links.
    for name in ("vendor.mjs", "vendor.json"):
        (tmp_path / name).write_bytes((DASHBOARD / name).read_bytes())
    farm = tmp_path / "farm"
    for one in FILES:
        link = farm / one["package"] / one["file"]
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(MODULES / one["package"] / one["file"])
    (tmp_path / "node_modules").symlink_to(farm)
    packaging.run(node, "vendor.mjs", cwd=tmp_path)
    assert contents(tmp_path / "vendor") == contents(DASHBOARD / "vendor")
