"""Hives that must not be built: each is stopped, and told why."""

import pytest

from tests.nixos import nix

nix.need_tree()

REFUSED = sorted(path.stem for path in (nix.EVAL / "refused").glob("*.nix"))


def test_every_failing_hive_fails_its_one_assertion_with_its_message() -> None:
    cases = nix.hives("failing")
    found = {name: case["found"] for name, case in cases.items()}
    assert found == {name: [case["message"]] for name, case in cases.items()}
    assert sorted(cases) == sorted(path.stem for path in (nix.EVAL / "failing").glob("*.nix"))


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_key_type_or_value_is_refused_under_the_name_of_its_option(name: str) -> None:
    message = nix.hives(f"refused.{name}.message")
    with pytest.raises(nix.EvaluationError) as caught:
        nix.hives(f"refused.{name}.value")
    # Nix colours what it says, and puts an option's name between quotes.
    assert f"`{message}'" in str(caught.value)
