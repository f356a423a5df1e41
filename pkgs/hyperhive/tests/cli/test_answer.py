from tests.cli.conftest import Run, Running


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
