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


def test_messages_stay_until_they_are_read(run: Run, broker: Running) -> None:
    run("inbox", "--read", "--socket", broker.socket)
    assert run("inbox", "--socket", broker.socket).out == "nothing new\n"
    sent = [
        broker.agent("ada").post("/v1/messages", {"to": "operator", "body": body})["messages"][0]["id"]
        for body in ("first\x1b[31m", "second")
    ]
    listed = run("inbox", "--socket", broker.socket).out
    assert f"#{sent[0]} from ada, " in listed
    assert "\nfirst\\x1b[31m\n" in listed
    assert [
        message["id"] for message in run("inbox", "--json", "--socket", broker.socket).document["messages"]
    ] == sent
    assert run("inbox", "--read", sent[0], "--socket", broker.socket).out == "1 marked as read\n"
    assert run("inbox", "--read", "--json", "--socket", broker.socket).document == {"ids": [sent[1]]}
    assert run("inbox", "--read", "--socket", broker.socket).out == "0 marked as read\n"


def test_a_question_is_listed_answered_once_and_then_gone(run: Run, broker: Running) -> None:
    question = broker.agent("ada").post(
        "/v1/questions", {"question": "Which one?", "options": ["left", "right"]}
    )
    status = run("status", "--socket", broker.socket).out
    shown = f"question {question['id']} from ada: Which one?\n  - left\n  - right\n"
    assert f"{shown}  hyperhive answer {question['id']} TEXT" in status
    result = run("answer", question["id"], "neither", "--socket", broker.socket)
    assert (result.code, result.out) == (0, f"question {question['id']} of ada is answered\n")
    again = run("answer", question["id"], "both", "--socket", broker.socket)
    assert (again.code, again.err.split(": ")[1]) == (1, "conflict")
    assert f"question {question['id']}" not in run("status", "--socket", broker.socket).out


def test_a_question_that_nobody_asked_is_not_found(run: Run, broker: Running) -> None:
    result = run("answer", 999999, "x", "--socket", broker.socket)
    assert (result.code, result.err.split(": ")[1]) == (1, "not_found")
