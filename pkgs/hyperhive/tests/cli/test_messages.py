import io
import uuid

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
    sent = broker.admin.get(f"/api/messages/{result.document['messages'][0]['id']}")
    assert sent["body"] == "from a pipe\n"


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


def park(broker: Running, body: str) -> int:
    agent, sender = broker.agent("ada"), broker.agent("manager")
    number: int = sender.post("/v1/messages", {"to": "ada", "body": body})["messages"][0]["id"]
    for _ in range(3):
        turn = uuid.uuid4().hex
        agent.post("/v1/inbox/lease", {"turn": turn, "max": 8})
        agent.post("/v1/inbox/requeue", {"turn": turn, "failed": "API Error: 400\x1b[31m"})
    return number


def drain(broker: Running, name: str) -> None:
    agent = broker.agent(name)
    while agent.post("/v1/inbox/lease", {"turn": "drain", "max": 32})["messages"]:
        agent.post("/v1/inbox/ack", {"turn": "drain"})


def test_parked_messages_are_listed_retried_and_dropped(run: Run, broker: Running) -> None:
    drain(broker, "ada")
    assert run("parked", "--socket", broker.socket).out == "nothing is parked\n"
    first, second = park(broker, "poison\none"), park(broker, "poison two")
    listed = run("parked", "--socket", broker.socket)
    assert [line for line in listed.out.splitlines() if line.startswith("  ")] == [
        "  3 turns failed with it: API Error: 400\\x1b[31m",
        f"  hyperhive retry {first}, or hyperhive drop {first}",
        "  3 turns failed with it: API Error: 400\\x1b[31m",
        f"  hyperhive retry {second}, or hyperhive drop {second}",
    ]
    assert f"#{first} from manager to ada, " in listed.out
    assert "2 parked messages: hyperhive parked" in run("status", "--socket", broker.socket).out
    document = run("parked", "--json", "--socket", broker.socket).document
    assert [one["id"] for one in document["messages"]] == [first, second]

    assert run("retry", first, "--socket", broker.socket).out == f"#{first} is queued again for ada\n"
    result = run("drop", first, second, 999999, "--socket", broker.socket)
    assert (result.code, result.out) == (1, f"#{second} to ada is dropped\n")
    assert result.err.splitlines() == [
        f"hyperhive: conflict: message {first} is queued, not parked",
        "hyperhive: not_found: there is no message 999999",
    ]
    assert run("parked", "--socket", broker.socket).out == "nothing is parked\n"
    drain(broker, "ada")
    drain(broker, "manager")


def test_what_became_of_parked_messages_is_one_document(run: Run, broker: Running) -> None:
    drain(broker, "ada")
    number = park(broker, "poison")
    result = run("drop", "--json", number, number, "--socket", broker.socket)
    assert result.code == 1
    assert [one["state"] for one in result.document["messages"]] == ["undeliverable"]
    assert [one["key"] for one in result.document["errors"]] == ["conflict"]
    drain(broker, "manager")
