from tests.cli.conftest import Run, Running


def test_the_login_address_is_printed(run: Run, broker: Running) -> None:
    result = run("token", "--socket", broker.socket)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("http://127.0.0.1:")
    assert "/?token=" in result.out
    assert run("token", "--json", "--socket", broker.socket).document == {"url": result.out.strip()}
