import ast
import importlib
import pkgutil
import re
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

import hyperhive
from hyperhive.config import ConfigModel
from hyperhive.protocol.base import ApiModel

PROJECT = Path(__file__).parent.parent
PACKAGE = PROJECT / "hyperhive"
REPOSITORY = PROJECT.parent.parent

#: Lowest first. What stands on one line may import any line above it, but not its neighbours.
LAYERS = (
    ("text",),
    ("errors",),
    ("protocol",),
    ("config",),
    ("domain", "store", "system"),
    ("diagnosis",),
    ("services",),
    ("api", "harness"),
    ("broker",),
    ("up",),
    ("demo",),
    ("cli",),
    ("__main__",),
)
RANKS = {name: rank for rank, line in enumerate(LAYERS) for name in line}

LINE_LIMIT = 500
GENERATED = {".git", "node_modules", "vendor", "dist", "__pycache__"}


def report(found: Collection[str], advice: str) -> None:
    """Fail with the advice and everything that was found, one a line."""
    if found:
        pytest.fail("\n  ".join([advice + ":", *sorted(found)]), pytrace=False)


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def sources(*endings: str) -> Iterator[Path]:
    """Files of the repository with one of the endings, without what was installed or generated."""
    directories = [REPOSITORY]
    while directories:
        for path in sorted(directories.pop().iterdir()):
            if path.name in GENERATED or path.name.startswith((".venv", ".hyperhive")) or path.is_symlink():
                continue
            if path.is_dir() and not path.name.endswith("_cache"):
                directories.append(path)
            elif path.is_file() and (not endings or path.suffix in endings):
                yield path


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every import of our own package, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(level=0, module=str(module), names=names):
                # `from hyperhive import broker` imports a module of that name.
                yield from (
                    (node.lineno, f"{module}.{alias.name}" if module == "hyperhive" else module)
                    for alias in names
                )
            case ast.ImportFrom(level=level) if level:
                yield node.lineno, "hyperhive.(relative)"


def test_every_part_of_the_package_has_a_layer() -> None:
    parts = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in modules()} - {"__init__"}
    report(parts - set(RANKS), "give the new part its line in LAYERS of test_architecture.py")


def test_imports_go_down_only() -> None:
    wrong = []
    for path in modules():
        here = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for line, name in imported(path):
            parts = name.split(".")
            if parts[0] != "hyperhive" or len(parts) == 1 or parts[1] == here:
                continue
            if (
                here == "__init__"
                or RANKS.get(parts[1], -1 if parts[1] == "__version__" else 99) >= RANKS[here]
            ):
                wrong.append(f"{path.relative_to(PROJECT)}:{line}: {here} must not import {name}")
    report(wrong, "move the code to the layer that may know both, or hand the object in as an argument")


def test_every_directory_of_the_package_has_tests_of_its_own() -> None:
    directories = {path.parent.relative_to(PACKAGE) for path in modules()}
    missing = {
        f"tests/{directory.as_posix()}/"
        for directory in directories
        if not any((PROJECT / "tests" / directory).glob("test_*.py"))
    }
    report(missing, "write tests there")


@pytest.mark.parametrize("ending", [".py", ".js", ".mjs", ".nix"])
def test_no_source_file_is_longer_than_the_limit(ending: str) -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources(ending)}
    long = [
        f"{path.relative_to(REPOSITORY)}: {count}" for path, count in lengths.items() if count > LINE_LIMIT
    ]
    report(long, f"more than one thing, or a noun that wants a folder: {LINE_LIMIT} lines are the limit")


def test_no_module_is_named_after_nothing() -> None:
    names = {"utils", "util", "helpers", "helper", "common", "misc"}
    vague = [
        str(path.relative_to(REPOSITORY)) for path in sources(".py", ".js", ".mjs") if path.stem in names
    ]
    report(vague, "name the file after the noun it owns")


def test_tasks_are_started_in_one_place_only() -> None:
    wrong = []
    for path in modules():
        if path == PACKAGE / "system" / "tasks.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                # A TaskGroup keeps its tasks itself; asyncio and a loop do not.
                case ast.Attribute(attr="create_task", value=ast.Name(id="asyncio" | "loop") | ast.Call()):
                    wrong.append(f"{path.relative_to(PROJECT)}:{node.lineno}")
                case ast.Attribute(attr="ensure_future") | ast.ImportFrom(module="asyncio"):
                    wrong.append(f"{path.relative_to(PROJECT)}:{node.lineno}")
                case _:
                    pass
    report(wrong, "use hyperhive/system/tasks.py, which names the task and keeps a reference")


def subclasses(base: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for child in base.__subclasses__():
        yield child
        yield from subclasses(child)


def test_the_schema_of_every_model_builds() -> None:
    for module in pkgutil.iter_modules([str(PACKAGE / "protocol")]):
        importlib.import_module(f"hyperhive.protocol.{module.name}")
    models = [model for base in (ApiModel, ConfigModel) for model in subclasses(base)]
    assert len(models) > 40
    for model in models:
        schema = model.model_json_schema()
        assert schema["additionalProperties"] is False, model


def test_the_module_map_names_every_package_directory() -> None:
    module_map = (REPOSITORY / "docs" / "architecture.md").read_text(encoding="utf-8")
    directories = sorted(path.parent.relative_to(PROJECT).as_posix() for path in PACKAGE.rglob("__init__.py"))
    missing = [f"`{name}/`" for name in directories if f"`{name}/`" not in module_map]
    report(missing, "add one line for each to the module map in docs/architecture.md")


def test_documents_name_only_files_that_exist() -> None:
    wrong = []
    for document in sources(".md"):
        named = re.findall(r"`([\w.-]+/[\w./-]*)`", document.read_text(encoding="utf-8"))
        for name in named:
            # Paths without a source file's ending or a known start may live on the operator's machine.
            ours = name.startswith(("hyperhive/", "tests/", "pkgs/", "modules/", "nixos-tests/", "tools/"))
            if not ours and not name.endswith((".py", ".js", ".mjs", ".sql", ".md")):
                continue
            bases = (document.parent, REPOSITORY, PROJECT, PACKAGE)
            if not any((base / name).exists() for base in bases):
                wrong.append(f"{document.relative_to(REPOSITORY)}: {name}")
    report(wrong, "mend the name, or drop it from the document")


def test_no_file_names_a_package_registry() -> None:
    hosts = ["pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".org", "npmjs" + ".com", "crates" + ".io"]
    pattern = re.compile("|".join(re.escape(host) for host in hosts))
    found = []
    for path in sources():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(REPOSITORY)}: {host}" for host in sorted(set(pattern.findall(text)))]
    assert found == [], (
        "packages are named by name and version only; where they come from is each machine's setting"
    )


def test_the_package_is_imported_from_this_checkout() -> None:
    assert Path(hyperhive.__path__[0]) == PACKAGE, (
        "the environment has another checkout installed: run `make`"
    )
