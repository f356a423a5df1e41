"""The committed renderings, read without Nix: what NixOS writes is what the program understands."""

import json
import re
from itertools import chain
from pathlib import Path
from typing import Any, Final

import pytest

from hyperhive.config import BrokerConfig, load_broker_config, load_harness_config, uid_base
from hyperhive.config.hive_file import Paths, parse_hive
from tests.nixos import debian, expected, nix

if not nix.EVAL.is_dir():
    pytest.skip(f"no {nix.EVAL}", allow_module_level=True)

NAMES: Final = [*expected.names(), *expected.tests()]
rendering: Final[Any] = debian.load("rendering")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with every rendering as files."""
    directory = tmp_path_factory.mktemp("expected")
    for name in NAMES:
        rendering.unpack(expected.committed(name), directory / name)
    return directory


def broker_config(hive: Path) -> BrokerConfig:
    return load_broker_config(hive / "host/etc/hyperhive/broker.json")


def containers(hive: Path) -> dict[str, Path]:
    """Directory of every agent's container, by agent."""
    return {path.name.removeprefix("h-"): path for path in (hive / "containers").iterdir()}


def settings(container: Path) -> dict[str, Any]:
    """The container's options."""
    read: dict[str, Any] = json.loads((container / "settings.json").read_text(encoding="utf-8"))
    return read


def test_every_hive_has_a_rendering_and_nothing_else_has() -> None:
    wanted = {expected.file(name) for name in NAMES}
    assert {*expected.EXPECTED.iterdir()} == wanted, "refresh with `make golden`"


def test_every_vm_test_has_a_hive_and_every_hive_of_theirs_a_test() -> None:
    tests = expected.tests()
    assert all(tests.values())
    assert sorted(chain(*tests.values())) == sorted(path.stem for path in expected.VM.glob("*.nix"))


@pytest.mark.parametrize("hive", NAMES)
def test_a_rendering_is_committed_as_it_would_be_written(hive: str) -> None:
    assert rendering.dump(expected.committed(hive)) == expected.file(hive).read_text(encoding="utf-8")


@pytest.mark.parametrize("hive", NAMES)
def test_the_files_of_broker_and_harnesses_load_and_say_the_same_of_an_agent(hive: str, root: Path) -> None:
    broker = broker_config(root / hive)
    harnesses = {
        name: load_harness_config(path / "etc/hyperhive/harness.json")
        for name, path in containers(root / hive).items()
    }
    assert {name: harness.agent for name, harness in harnesses.items()} == broker.agents
    assert {harness.operator.pronouns for harness in harnesses.values()} == {broker.operator.pronouns}
    assert broker.runtime == "nixos"


@pytest.mark.parametrize("hive", NAMES)
def test_every_container_has_its_agents_uids_and_an_address_of_its_own(hive: str, root: Path) -> None:
    declared = {name: settings(path) for name, path in containers(root / hive).items()}
    files = expected.committed(hive)
    conf = {name: files[f"host/etc/nixos-containers/h-{name}.conf"] for name in declared}
    bases = {name: uid_base(name) for name in broker_config(root / hive).agents}
    assert {name: one["privateUsers"] for name, one in declared.items()} == bases
    assert {
        name: int(re.findall(r"^PRIVATE_USERS=(.*)$", text, re.MULTILINE)[0]) for name, text in conf.items()
    } == bases
    assert len({one["localAddress"] for one in declared.values()}) == len(declared)
    assert all(one["privateNetwork"] for one in declared.values())


@pytest.mark.parametrize("hive", NAMES)
def test_no_hash_and_no_secret_of_a_tree_is_committed(hive: str) -> None:
    text = "".join(expected.committed(hive).values())
    assert not re.findall(r"/nix/store/[0-9a-z]{32}-\S+", text)


def test_a_hive_without_any_wish_is_the_same_in_nix_and_in_toml(tmp_path: Path, root: Path) -> None:
    paths = Paths(
        Path("/var/lib/hyperhive/broker"),
        Path("/run/hyperhive"),
        Path("/nix/store/hyperhive/share/hyperhive/dashboard"),
    )
    toml = parse_hive(
        '[agents.manager]\nrole = "manager"\n[agents.alice]\n', paths, directory=tmp_path
    ).broker
    assert broker_config(root / "minimal") == toml.model_copy(update={"runtime": "nixos"})


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """Every value that is no object, under its dotted path; an empty object counts as one."""
    if not isinstance(value, dict) or not value:
        return {path: value}
    return {name: leaf for key, one in value.items() for name, leaf in leaves(one, f"{path}.{key}").items()}


def test_the_full_hive_says_something_of_everything_that_has_a_default(root: Path) -> None:
    def said(hive: str) -> dict[str, Any]:
        broker = broker_config(root / hive).model_dump()
        alice = json.loads(expected.committed(hive)["containers/h-alice/etc/hyperhive/harness.json"])
        return leaves({**broker, "agents": {}, "harness": alice})

    full = said("full")
    left = {name for name, value in said("minimal").items() if full.get(name, "absent") == value}
    assert {
        name for name in left if not name.endswith(("_dir", ".socket", ".home", ".cli", ".role", ".name"))
    } == {
        ".agents",
        ".runtime",
        ".listen.plain_remote",
        ".loop_breaker.messages_per_minute",
        ".loop_breaker.ping_pong",
        ".retention.agent_mib",
        ".retention.events_days",
        ".retention.hive_mib",
        ".retention.stats_days",
        ".harness.operator.password_credential",
    }


def test_a_unit_loses_what_only_its_tree_decides() -> None:
    given = (
        "\n[Unit]\nX-Restart-Triggers=/nix/store/1\n\n\n[Service]\n"
        'Environment="TZDIR=/nix/store/0123456789abcdfghijklmnpqrsvwxyz-tzdata-2019c/share"\n\n'
        "ExecStart=/nix/store/0123456789abcdfghijklmnpqrsvwxyz-bash-interactive-4.4-p23/bin/bash -c x\n"
    )
    assert expected.text("host/units/x.service", given) == (
        "[Unit]\n\n[Service]\nExecStart=/nix/store/bash-interactive/bin/bash -c x\n"
    )


def test_a_container_file_is_sorted_and_an_object_is_json() -> None:
    assert expected.text("host/etc/x.conf", "B=1\n\n  \nA=2\n") == "A=2\nB=1\n"
    assert expected.text("host/x.json", {"b": "ä", "a": []}) == '{\n  "a": [],\n  "b": "ä"\n}\n'


def test_a_rendering_is_stored_line_by_line_and_its_json_as_json() -> None:
    files = {"b/x.service": "[Unit]\nÄ=1\n", "a/x.json": '{\n  "b": "ä"\n}\n'}
    assert rendering.dump(files) == (
        '{\n  "a/x.json": {\n    "b": "ä"\n  },\n  "b/x.service": [\n    "[Unit]",\n    "Ä=1"\n  ]\n}\n'
    )


def test_a_text_is_stored_exactly_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "EXPECTED", tmp_path)
    texts = {"empty": "", "line": "\n", "dos": "a\r\nb\r\n", "page": "a\x0cb\u2028c\n\n"}
    (tmp_path / "hive.json").write_text(rendering.dump(texts), encoding="utf-8")
    assert rendering.load("hive") == texts
    with pytest.raises(ValueError, match="x: the last line has no end"):
        rendering.dump({"x": "a\nb"})


def test_a_configuration_file_is_stored_without_defaults_but_may_lack_nothing() -> None:
    path = "containers/h-alice/etc/hyperhive/harness.json"
    files = expected.committed("minimal")
    stored = json.loads(rendering.dump({path: files[path]}))[path]
    assert stored["agent"] == {"name": "alice"}
    harness = json.loads(files[path])
    assert harness["agent"]["limits"]["tasks"] == 1024
    for wrong in ({**harness, "surprise": 1}, {key: harness[key] for key in harness if key != "socket"}):
        (name,) = harness.keys() ^ wrong.keys()
        with pytest.raises(ValueError, match=f"{path}: has no or no known {name}"):
            rendering.dump({path: json.dumps(wrong)})


def test_a_difference_names_file_and_line() -> None:
    shown = expected.difference({"a": "1\n2\n", "gone": "x\n", "same": "s\n"}, {"a": "1\n3\n", "same": "s\n"})
    assert [line for line in shown.splitlines() if line[0] in "+-"] == [
        "--- a (committed)",
        "+++ a (evaluated)",
        "-2",
        "+3",
        "--- gone (committed)",
        "+++ (no such file)",
        "-x",
    ]
