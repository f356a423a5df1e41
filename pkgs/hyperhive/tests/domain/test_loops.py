import pytest

from hyperhive.config import LoopBreakerConfig
from hyperhive.domain.loops import LoopRefusal, PairCounts, judge, notice_text, refusal_text

LIMITS = LoopBreakerConfig(messages_per_minute=10, duplicates=3, ping_pong=6)
OFF = LoopBreakerConfig(messages_per_minute=0, duplicates=0, ping_pong=0)


@pytest.mark.parametrize(
    ("counts", "rule"),
    [
        (PairCounts(recent=9, same=2, forth=2, back=3), None),
        (PairCounts(recent=10, same=0, forth=0, back=0), "loop_rate"),
        (PairCounts(recent=0, same=3, forth=0, back=0), "loop_duplicate"),
        (PairCounts(recent=0, same=0, forth=3, back=3), "loop_ping_pong"),
        (PairCounts(recent=0, same=0, forth=100, back=2), None),
    ],
)
def test_a_pair_at_its_limit_is_refused_by_the_rule_that_it_broke(
    counts: PairCounts, rule: str | None
) -> None:
    refusal = judge(LIMITS, "alice", "bob", counts)

    assert (refusal and refusal.rule) == rule


def test_what_is_switched_off_or_said_by_the_operator_is_never_refused() -> None:
    many = PairCounts(recent=999, same=999, forth=999, back=999)

    assert judge(OFF, "alice", "bob", many) is None
    assert judge(LIMITS, "operator", "bob", many) is None


def test_a_conversation_with_the_operator_may_go_back_and_forth() -> None:
    assert judge(LIMITS, "alice", "operator", PairCounts(recent=0, same=0, forth=9, back=9)) is None


@pytest.mark.parametrize(
    ("forth", "back", "exchanged"), [(0, 0, 0), (1, 0, 1), (9, 0, 1), (1, 1, 2), (2, 1, 3), (5, 2, 5)]
)
def test_an_exchange_counts_by_the_side_that_said_less(forth: int, back: int, exchanged: int) -> None:
    assert PairCounts(recent=0, same=0, forth=forth, back=back).exchanged == exchanged


def test_texts_name_the_pair_and_the_reason() -> None:
    refusal = LoopRefusal("loop_rate", "10 messages from alice to bob in the last minute")

    assert refusal.reason in refusal_text(refusal)
    assert "between alice and bob: 10 messages" in notice_text("alice", "bob", refusal)
