from pathlib import Path

from bench.judging import NUMBERED, SHAPES, measure, numbered, shape


async def test_section_compares_judging_with_parsing(tmp_path: Path) -> None:
    section = await measure(tmp_path, quick=True)
    assert section.keys() == {
        *("pipes_8_kib", "ordinary_lines", "slowest_of_64_kib", "of_64_kib_judge_ms", "of_64_kib_parse_ms"),
    }
    assert section["ordinary_lines"].keys() == {"judge_ms", "parse_ms", "judge_per_parse", "lines"}
    assert section["of_64_kib_judge_ms"].keys() == SHAPES.keys()
    assert section["slowest_of_64_kib"]["shape"] in SHAPES


def test_shapes_have_the_size_that_was_asked_for() -> None:
    assert shape("pipes", 9) == "g|g|g|g|g"
    assert numbered("x=N;", 24) == "x=0;x=1;x=2;"
    assert all(900 < len(make(1000)) <= 1000 for name, make in SHAPES.items() if name not in NUMBERED)
