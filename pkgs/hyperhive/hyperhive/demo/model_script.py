"""The script of the local model: a TOML file that says what the model answers to which prompt.

    default_text = "Done."

    [[turn]]
    agent = "manager"                          # missing: any agent
    when = 'From operator: (?P<question>.+)'   # searched in the turn's prompt; missing: always
    times = 1                                  # how often it may match per agent; missing: always
    [[turn.step]]                              # the answer to the i-th model request of the turn
    text = "I ask alice."
    tool = "mcp__hyperhive__send"
    input = { to = "alice", body = "{question}" }

The first turn that matches wins. `{name}` is replaced by the group of that name of `when` or of a
`capture` (`{name:int}` as the whole value gives a number); other braces stay as they are.
"""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from hyperhive.errors import ConfigError
from hyperhive.text import shown

REGEX_FLAGS: Final = re.DOTALL | re.MULTILINE


def _checked_regex(pattern: str) -> str:
    try:
        re.compile(pattern, REGEX_FLAGS)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from error
    return pattern


Pattern = Annotated[str, AfterValidator(_checked_regex)]
Tokens = Annotated[int, Field(ge=0)]


class _Table(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class ScriptUsage(_Table):
    """Token counts to report; without it they are estimated from the length of the text."""

    input_tokens: Tokens = 0
    output_tokens: Tokens | None = None
    cache_creation_input_tokens: Tokens = 0
    cache_read_input_tokens: Tokens = 0


class ScriptTool(_Table):
    #: The full name, e.g. `Bash` or `mcp__hyperhive__send`.
    tool: str = Field(min_length=1)
    #: Strings in it are templates.
    input: dict[str, Any] = {}
    #: Call it even if the request does not offer it.
    force: bool = False


class ScriptStep(_Table):
    """The answer to one model request; an error, if any, comes before the content."""

    thinking: str | None = None
    text: str | None = None
    tool: str | None = Field(default=None, min_length=1)
    input: dict[str, Any] | None = None
    force: bool | None = None
    tools: list[ScriptTool] = []
    #: Searched in the tool results that this request brings; its groups are templates from here on. No
    #: match is answered with a visible script fault.
    capture: Pattern | None = None
    #: Time before the first content (or the error) is sent.
    delay_seconds: float = Field(default=0.0, ge=0.0)
    #: HTTP status of the first `error_times` requests of each agent for this step (0: of all of them). A
    #: step with an error and no content is skipped afterwards.
    error_status: int | None = Field(default=None, ge=400, le=599)
    error_type: str | None = None
    error_message: str | None = None
    error_times: int = Field(default=1, ge=0)
    #: A header of the error, in seconds.
    retry_after: float | None = Field(default=None, ge=0.0)
    #: Further ones of the error or the message, e.g. of the rate limit.
    headers: dict[str, str] = {}
    usage: ScriptUsage | None = None
    #: What the message ends with; without content it is empty. Missing: `tool_use` or `end_turn`.
    stop_reason: str | None = None

    @model_validator(mode="after")
    def _keys_that_belong_together(self) -> "ScriptStep":
        if self.tool is None and (self.input is not None or self.force is not None):
            raise ValueError("input and force need tool")
        if self.tool is not None and self.tools:
            raise ValueError("tool and tools exclude each other")
        dependent = {"error_type", "error_message", "error_times", "retry_after"} & self.model_fields_set
        if self.error_status is None and dependent:
            raise ValueError(f"{', '.join(sorted(dependent))} need error_status")
        if self.error_status is None and not self.has_content:
            raise ValueError("needs text, thinking, tool, tools, stop_reason or error_status")
        return self

    @property
    def has_content(self) -> bool:
        return bool(self.thinking or self.text or self.calls or self.stop_reason)

    @property
    def calls(self) -> list[ScriptTool]:
        if self.tool is None:
            return self.tools
        return [ScriptTool(tool=self.tool, input=self.input or {}, force=bool(self.force))]


class ScriptTurn(_Table):
    agent: str | None = None
    when: Pattern | None = None
    times: int | None = Field(default=None, ge=1)
    step: list[ScriptStep] = Field(min_length=1)


class ModelScript(_Table):
    #: The answer past a turn's last step and where no turn matches.
    default_text: str = Field(default="Done.", min_length=1)
    #: The summary that `/compact` gets.
    summary_text: str = Field(
        default="The agent answered the messages in its inbox. No task is left open.", min_length=1
    )
    turn: list[ScriptTurn] = []


def parse_script(source: str, name: str = "script") -> ModelScript:
    """Read a script; a `ConfigError` names it (usually its path), and key and value of each fault."""
    try:
        return ModelScript.model_validate(tomllib.loads(source.removeprefix("\ufeff")))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: not TOML: {error}") from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'script'} = {shown(fault['input'])}: {fault['msg']}"
            for fault in error.errors(include_url=False)
        )
        raise ConfigError(f"{name}: {faults}") from error


def load_script(path: Path) -> ModelScript:
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    return parse_script(source, str(path))
