from tests.cli.conftest import Run, Running


def test_without_a_name_it_shows_the_models(run: Run, broker: Running) -> None:
    assert run("model", "ada", "--socket", broker.socket).out == ("sonnet  now  next  default\nopus\nhaiku\n")


def test_a_choice_is_made_and_an_unknown_name_is_refused_with_the_list(run: Run, broker: Running) -> None:
    view = run("model", "--json", "ada", "opus", "--socket", broker.socket).document
    assert view["model"] == {"configured": "sonnet", "chosen": "opus"}
    shown = run("model", "ada", "--socket", broker.socket)
    assert shown.out.splitlines()[:2] == ["sonnet  now  default", "opus  next"]
    run("model", "ada", "default", "--socket", broker.socket)
    refused = run("model", "ada", "gpt", "--socket", broker.socket)
    assert refused.code != 0
    assert "model: ada has no model 'gpt', only sonnet, opus, haiku" in refused.err
