import json
from pathlib import Path

from hyperhive.config import schema

CONTRACT = Path(__file__).parent.parent.parent / "contract"


def test_the_committed_schemas_are_those_of_the_models() -> None:
    assert schema.stale(CONTRACT) == [], "the contract changed: refresh its schemas with `make schema`"


def test_written_files_are_not_stale_and_edited_or_missing_ones_are(tmp_path: Path) -> None:
    target = tmp_path / "new" / "contract"
    names = ["broker.schema.json", "events.schema.json", "harness.schema.json"]
    assert schema.stale(target) == names
    assert schema.write(target) == [target / name for name in names]
    assert schema.stale(target) == []
    (target / "harness.schema.json").write_text("{}\n", encoding="utf-8")
    assert schema.stale(target) == ["harness.schema.json"]


def test_every_object_of_the_configuration_is_closed_and_every_field_is_required() -> None:
    for kind in ("broker", "harness"):
        document = json.loads(schema.render(kind))
        for name, part in {**document["$defs"], kind: document}.items():
            assert part["additionalProperties"] is False, name
            assert sorted(part["required"]) == sorted(part["properties"]), name
