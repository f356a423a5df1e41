from hyperhive.domain.bash_refusals import RefusedError, UnparsableError


def test_refusal_carries_its_rule_and_reason() -> None:
    refusals = [RefusedError("wrapper", "why"), UnparsableError("what")]
    assert [(refusal.rule, refusal.reason, str(refusal)) for refusal in refusals] == [
        ("wrapper", "why", "why"),
        ("unparsable", "what", "what"),
    ]
