from pathlib import Path

import pytest

from hyperhive.demo.model_script import (
    ModelScript,
    ScriptStep,
    ScriptTool,
    ScriptTurn,
    load_script,
    parse_script,
)
from hyperhive.errors import ConfigError


def test_a_script_reads_as_turns_of_steps() -> None:
    script = parse_script(
        """
        default_text = "Nothing to do."

        [[turn]]
        agent = "manager"
        when = 'From operator: (?P<question>.+)'
        times = 1
        [[turn.step]]
        text = "I ask alice."
        tool = "mcp__hyperhive__send"
        input = { to = "alice", body = "{question}" }
        [[turn.step]]
        [[turn.step.tools]]
        tool = "Bash"
        force = true
        """
    )

    assert script == ModelScript(
        default_text="Nothing to do.",
        turn=[
            ScriptTurn(
                agent="manager",
                when="From operator: (?P<question>.+)",
                times=1,
                step=[
                    ScriptStep(
                        text="I ask alice.",
                        tool="mcp__hyperhive__send",
                        input={"to": "alice", "body": "{question}"},
                    ),
                    ScriptStep(tools=[ScriptTool(tool="Bash", force=True)]),
                ],
            )
        ],
    )


def test_one_tool_and_a_list_of_tools_are_the_same_calls() -> None:
    alone = ScriptStep(tool="Bash", input={"command": "ls"})
    listed = ScriptStep(tools=[ScriptTool(tool="Bash", input={"command": "ls"})])

    assert alone.calls == listed.calls == [ScriptTool(tool="Bash", input={"command": "ls"})]


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("colour = 1", "demo.toml: colour = 1: Extra inputs are not permitted"),
        (
            '[[turn]]\ntimes = "one"\nstep = [{ text = "x" }]',
            "demo.toml: turn.0.times = 'one': Input should be a valid integer",
        ),
        (
            "[[turn]]\nwhen = '('\nstep = [{ text = \"x\" }]",
            (
                "demo.toml: turn.0.when = '(': Value error, is not a regular expression: "
                "missing ), unterminated subpattern at position 0"
            ),
        ),
        (
            "[[turn]]\nstep = [{ delay_seconds = 1.0 }]",
            (
                "demo.toml: turn.0.step.0 = {'delay_seconds': 1.0}: "
                "Value error, needs text, thinking, tool, tools, stop_reason or error_status"
            ),
        ),
        (
            '[[turn]]\nstep = [{ text = "x", force = true }]',
            "demo.toml: turn.0.step.0 = {'text': 'x', 'force': True}: Value error, input and force need tool",
        ),
        (
            '[[turn]]\nstep = [{ tool = "a", tools = [{ tool = "b" }] }]',
            (
                "demo.toml: turn.0.step.0 = {'tool': 'a', 'tools': [{'tool': 'b'}]}: "
                "Value error, tool and tools exclude each other"
            ),
        ),
        (
            '[[turn]]\nstep = [{ text = "x", retry_after = 1.0 }]',
            (
                "demo.toml: turn.0.step.0 = {'text': 'x', 'retry_after': 1.0}: "
                "Value error, retry_after need error_status"
            ),
        ),
        ("turn = [", "demo.toml: not TOML: Invalid value (at end of document)"),
    ],
)
def test_a_wrong_script_names_file_key_and_value(source: str, fault: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_script(source, "demo.toml")

    assert str(caught.value) == fault


def test_a_missing_file_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.toml: cannot be read"):
        load_script(tmp_path / "absent.toml")


def test_a_file_is_read_as_the_script_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "demo.toml"
    path.write_text('default_text = "Hm."', encoding="utf-8")

    assert load_script(path) == ModelScript(default_text="Hm.")


def test_a_byte_order_mark_is_no_part_of_a_script() -> None:
    assert parse_script("\ufeffturn = []") == parse_script("")
