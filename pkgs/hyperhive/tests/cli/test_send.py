import io

import pytest

from tests.cli.conftest import Run, Running


def test_a_message_is_stored_and_shown_with_its_number(run: Run, broker: Running) -> None:
    result = run("send", "ada", "hello", "--socket", broker.socket)
    number = broker.admin.get("/api/messages?limit=1")["messages"][0]["id"]
    assert (result.code, result.out, result.err) == (0, f"#{number} to ada: queued\n", "")


def test_everyone_gets_a_message_of_its_own_and_replies_are_linked(run: Run, broker: Running) -> None:
    first = run("send", "--json", "ada", "one", "--socket", broker.socket).document["messages"][0]
    result = run("send", "--json", "*", "two", "--reply-to", first["id"], "--socket", broker.socket)
    found = [(message["recipient"], message["in_reply_to"]) for message in result.document["messages"]]
    assert found == [("ada", first["id"]), ("manager", first["id"])]


def test_a_dash_sends_standard_input(run: Run, broker: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("from a pipe\n"))
    result = run("send", "--json", "ada", "-", "--socket", broker.socket)
    assert result.document["messages"][0]["body"] == "from a pipe\n"


def test_a_refusal_is_one_line_with_the_brokers_key(run: Run, broker: Running) -> None:
    result = run("send", "nobody", "hello", "--socket", broker.socket)
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("hyperhive: unknown_recipient: ")
    assert result.err.count("\n") == 1


def test_a_refusal_is_a_json_document_when_one_was_asked_for(run: Run, broker: Running) -> None:
    result = run("send", "--json", "nobody", "hello", "--socket", broker.socket)
    assert (result.code, result.document["error"]["key"]) == (1, "unknown_recipient")
