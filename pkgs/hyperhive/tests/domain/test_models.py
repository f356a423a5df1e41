import pytest

from hyperhive.config import AgentConfig
from hyperhive.domain.models import choice, chosen_text, unlisted_text, used
from hyperhive.errors import InvalidRequestError
from tests.conftest import agent_config


def agent(*models: str) -> AgentConfig:
    return AgentConfig.model_validate(agent_config("alice", model=models[0], models=list(models)))


def test_a_listed_model_is_chosen_and_default_goes_back() -> None:
    alice = agent("sonnet", "opus")
    assert [choice(alice, asked) for asked in ("opus", "sonnet", "default")] == ["opus", "sonnet", None]
    assert [used(alice, chosen) for chosen in ("opus", None)] == ["opus", "sonnet"]


def test_a_model_that_is_called_default_can_be_chosen() -> None:
    assert choice(agent("sonnet", "default"), "default") == "default"


@pytest.mark.parametrize("asked", ["haiku", "Opus", " opus", "opus\n", "<b>"])
def test_any_other_name_is_refused_with_the_list(asked: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        choice(agent("sonnet", "opus"), asked)
    assert caught.value.message == (
        f"model: alice has no model {asked!r}, only sonnet, opus; `default` is sonnet"
    )


def test_the_log_and_the_operator_read_sentences() -> None:
    alice = agent("sonnet", "opus")
    assert chosen_text(alice, "opus") == "the operator chose the model: opus from the next turn on"
    assert chosen_text(alice, None) == (
        "the operator went back to the configured model: sonnet from the next turn on"
    )
    assert unlisted_text(alice, "haiku") == (
        "alice uses sonnet again: you had chosen haiku, which its configuration does not list any more."
    )
