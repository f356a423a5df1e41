import pytest

from tests.cli.conftest import Run, Running

VERBS = ("start", "stop", "restart")


@pytest.mark.parametrize("verb", VERBS)
def test_an_agent_that_does_not_exist_is_not_found(run: Run, broker: Running, verb: str) -> None:
    result = run(verb, "no/body", "--socket", broker.socket)
    assert (result.code, result.out, result.err.split(": ")[:2]) == (1, "", ["hyperhive", "not_found"])


@pytest.mark.parametrize("verb", VERBS)
def test_a_broker_that_nobody_supervises_says_so(run: Run, broker: Running, verb: str) -> None:
    result = run(verb, "ada", "--socket", broker.socket)
    socket = broker.socket.replace("admin", "supervisor")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith(f"hyperhive: unavailable: no supervisor answers on {socket}: ")


def test_without_a_broker_the_code_is_3(run: Run, broker: Running) -> None:
    assert run("stop", "ada", "--socket", "/nowhere/admin.sock").code == 3
