import sys
from pathlib import Path

from hyperhive.up.environment import child_environment


def test_a_child_gets_what_programs_need_and_no_secret_of_the_operator() -> None:
    given = {
        "PATH": "/bin",
        "LC_TIME": "C",
        "HYPERHIVE_RUN_MARK": "1",
        "ANTHROPIC_API_KEY": "sk",
        "AWS_SECRET_ACCESS_KEY": "s",
        "PYTHONPATH": "/elsewhere",
    }
    assert child_environment(given, Path("/credentials")) == {
        "PATH": f"{Path(sys.executable).parent}:/bin",
        "LC_TIME": "C",
        "HYPERHIVE_RUN_MARK": "1",
        "CREDENTIALS_DIRECTORY": "/credentials",
        "PYTHONUNBUFFERED": "1",
    }
