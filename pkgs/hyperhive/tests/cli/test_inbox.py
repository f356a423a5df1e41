from tests.cli.conftest import Run, Running


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
