import json
import shutil
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.requirements import Requirement

from tests.nixos import expected, packaging

packaging.need_flake()

PACKAGE: Final = (
    "o: let package = o.packages.x86_64-linux.hyperhive; program = package.program.arguments; in "
)
PYPROJECT: Final = tomllib.loads((packaging.PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT: Final = PYPROJECT["project"]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What package.nix asks nixpkgs for, on x86_64-linux."""
    directory = tmp_path_factory.mktemp("package")
    packaging.nixpkgs(directory)
    named = "map (one: { inherit (one) pname version; })"
    return packaging.outputs(
        directory,
        PACKAGE
        + f"""{{
          inherit (package) pname version;
          inherit (package.meta) description mainProgram;
          license = package.meta.license.spdxId;
          inherit (program) disabledTestPaths enabledTestPaths pyproject pythonImportsCheck;
          source = {{ root = toString program.src.root; inherit (program.src) files; }};
          buildSystem = {named} program.build-system;
          dependencies = {named} program.dependencies;
          tools = {named} (program.nativeBuildInputs ++ program.nativeCheckInputs);
          tests = builtins.attrNames package.tests;
        }}""",
    )


@pytest.fixture(scope="module")
def source(package: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The source that the package is built from, in a directory that can be written to."""
    directory = tmp_path_factory.mktemp("source") / "source"
    for name in package["source"]["files"]:
        copy = directory / Path(name).relative_to(package["source"]["root"])
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(name, copy)
    yield directory
    shutil.rmtree(directory)


def test_the_package_says_what_pyproject_says(package: Any) -> None:
    shown = ("pname", "version", "description", "license", "mainProgram", "pyproject")
    assert {key: package[key] for key in shown} == {
        "pname": PROJECT["name"],
        "version": PROJECT["version"],
        "description": PROJECT["description"],
        "license": PROJECT["license"],
        "mainProgram": next(iter(PROJECT["scripts"])),
        "pyproject": True,
    }
    assert [one["pname"] for one in package["buildSystem"]] == PYPROJECT["build-system"]["requires"]


def test_the_package_depends_on_what_pyproject_names_in_versions_that_it_takes(package: Any) -> None:
    found = {one["pname"]: one["version"] for one in package["dependencies"]}
    wanted = {one.name: one.specifier for one in map(Requirement, PROJECT["dependencies"])}
    assert found.keys() == wanted.keys()
    assert [name for name, version in found.items() if not wanted[name].contains(version)] == []


def test_the_tests_that_the_build_runs_are_there(package: Any, source: Path) -> None:
    paths = package["enabledTestPaths"] + package["disabledTestPaths"]
    assert [path for path in paths if not (source / path).exists()] == []


def test_the_source_has_what_git_has_and_nothing_that_was_made_here(source: Path) -> None:
    made = [path for path in source.rglob("*") if path.name in {"__pycache__", "node_modules", "vendor"}]
    assert made == []
    assert sorted(path.name for path in source.iterdir()) == [
        "README.md",
        "contract",
        "dashboard",
        "examples",
        "hyperhive",
        "pyproject.toml",
        "shell_files.py",
        "tests",
    ]


def test_the_modules_that_the_build_imports_are_there(package: Any, source: Path) -> None:
    imports = "; ".join(f"import {name}" for name in package["pythonImportsCheck"])
    shown = f"{imports}; print(hyperhive.__path__[0])"
    found = packaging.run(sys.executable, "-c", shown, cwd=source)
    assert found == f"{source / 'hyperhive'}\n"


def test_the_wheel_of_the_source_holds_the_dashboard_the_examples_and_the_migrations(source: Path) -> None:
    vendor = source / "dashboard" / "vendor"
    vendor.mkdir()
    (vendor / "preact.module.js").write_text("export const h = null;\n", encoding="utf-8")
    packaging.run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", cwd=source)
    (wheel,) = (source / "dist").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if not name.startswith("hyperhive-")}
    expected = {
        path.relative_to(source).as_posix() for path in (source / "hyperhive").rglob("*") if path.is_file()
    }
    for name in ("dashboard", "examples"):
        files = (path for path in (source / name).rglob("*") if path.is_file())
        expected |= {f"hyperhive/{path.relative_to(source).as_posix()}" for path in files}
    assert packed == {name for name in expected if "__pycache__" not in name}
    assert "hyperhive/dashboard/vendor/preact.module.js" in packed


def test_the_vm_tests_are_the_packages_own(package: Any) -> None:
    files = (packaging.nix.ROOT / "nixos-tests" / "vm").glob("*.nix")
    assert package["tests"] == sorted(path.stem for path in files)


def test_the_program_runs_with_a_python_that_can_start_it_again(tmp_path: Path) -> None:
    packaging.nixpkgs(tmp_path)
    found = packaging.outputs(
        tmp_path,
        PACKAGE
        + """{
          modules = map (module: module.pname) package.environment.arguments;
          linked = builtins.match ".*ln --symbolic ([^ ]*)/bin/hyperhive .*" package.arguments.script
            == [ "${package.environment}" ];
        }""",
    )
    assert found == {"modules": ["hyperhive"], "linked": True}


def test_the_dashboard_lies_where_the_module_has_the_broker_look_for_it(tmp_path: Path) -> None:
    packaging.nixpkgs(tmp_path)
    lines = packaging.outputs(tmp_path, PACKAGE + "program.postInstall").splitlines()
    linked = [line.split()[-1] for line in lines if "ln --symbolic" in line]
    assert linked == ['"$out/share/hyperhive/dashboard"']
    broker = json.loads(expected.committed("minimal")["host/etc/hyperhive/broker.json"])
    assert broker["dashboard_dir"] == "/nix/store/hyperhive/share/hyperhive/dashboard"
