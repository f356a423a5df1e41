from tests.cli.conftest import Run


def test_its_options_are_a_port_a_place_and_a_single_telling(run: Run) -> None:
    result = run("demo", "--help")
    assert [
        option for option in ("--port PORT", "--state-dir DIR", "--once") if option not in result.out
    ] == []
