"""Hyperhive's own MCP tools: one definition, offered in-process to the session and over stdio."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol, TypeVar

from mcp import types
from mcp.server import Server
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hyperhive.domain.prompts import agent_line, mail_text
from hyperhive.errors import HyperhiveError
from hyperhive.harness.client import BrokerClient
from hyperhive.protocol.lifecycle import Verb
from hyperhive.protocol.mcp_names import OWN_SERVER, session_tool
from hyperhive.protocol.messages import LEASE_COUNT_LIMIT, LEASE_WAIT_LIMIT, OPERATOR, LeaseResult
from hyperhive.protocol.questions import TTL_LIMIT, AskRequest, Question
from hyperhive.text import replaced_note, shown, sound

#: Most mistakes of one call that its error names.
_SHOWN_ERRORS: Final = 5


class Arguments(BaseModel):
    """A tool's input: unknown keys are refused so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SendArguments(Arguments):
    """Input of `send`."""

    to: str = Field(description="An agent's name, `manager`, `operator`, or `*` for everyone you may reach.")
    body: str = Field(description="The message, plain text or Markdown.")
    in_reply_to: int | None = Field(default=None, description="Id of the message that this one answers.")


class RecvArguments(Arguments):
    """Input of `recv`."""

    wait_seconds: float = Field(
        default=0,
        ge=0,
        le=LEASE_WAIT_LIMIT,
        description="How long to wait for a first message; 0 looks once.",
    )
    max: int = Field(default=1, ge=1, le=LEASE_COUNT_LIMIT, description="Most messages to take.")


class AskOperatorArguments(Arguments):
    """Input of `ask_operator`."""

    question: str = Field(description="The question, complete in itself.")
    options: list[str] = Field(
        default_factory=list, description="Suggested answers; the answer may be any text all the same."
    )
    multi: bool = Field(default=False, description="Whether several options may be chosen.")
    ttl_seconds: int | None = Field(
        default=None, ge=1, le=TTL_LIMIT, description="After this time the question expires unanswered."
    )


class AskArguments(AskOperatorArguments):
    """Input of `ask`."""

    to: str = Field(default=OPERATOR, description="Who is asked: `operator` or an agent's name.")


class AnswerArguments(Arguments):
    """Input of `answer`."""

    id: int = Field(description="Id of the question, as its mail says.")
    answer: str = Field(description="The answer.")


class NoArguments(Arguments):
    """Input of `list_agents`."""


class NameArguments(Arguments):
    """Input of `start`, `stop` and `restart`."""

    name: str = Field(description="The agent's name.")


class Mailbox(Protocol):
    """Where `recv` takes mail from: the running turn, or a lease of its own."""

    async def take(self, most: int, wait_seconds: float = 0) -> LeaseResult: ...


ArgumentsT = TypeVar("ArgumentsT", bound=Arguments)
Handler = Callable[[dict[str, Any]], Awaitable[str]]


class HiveTools:
    """The tools of one agent. Every refusal reaches the model as an error text with its key."""

    def __init__(self, client: BrokerClient, mailbox: Mailbox, *, manager: bool) -> None:
        """Offer `ask_operator` and the lifecycle to the manager only."""
        self._client = client
        self._mailbox = mailbox
        self._tools: dict[str, tuple[types.Tool, Handler]] = {}
        self._offer(
            "send", "Send a message. It is stored durably when this returns.", SendArguments, self._send
        )
        self._offer("recv", "Take waiting mail into this turn.", RecvArguments, self._recv)
        self._offer(
            "ask",
            "Ask the operator or a peer a question. Returns its id at once; the answer arrives as mail.",
            AskArguments,
            self._ask,
        )
        self._offer("answer", "Answer a question that was asked of you.", AnswerArguments, self._answer)
        if manager:
            self._add_manager_tools()

    @property
    def names(self) -> list[str]:
        """Full names as Claude Code knows them, such as `mcp__hyperhive__send`."""
        return [session_tool(OWN_SERVER, name) for name in self._tools]

    @property
    def definitions(self) -> list[types.Tool]:
        return [tool for tool, _ in self._tools.values()]

    async def call(self, name: str, arguments: dict[str, Any]) -> types.CallToolResult:
        """Run one tool; refusals and bad input come back as error results, never as exceptions."""
        found = self._tools.get(name)
        if found is None:
            return _result(f"not_found: there is no tool {shown(name)}", is_error=True)
        arguments, replaced = sound(arguments, nul=True)
        note = f"\n({replaced_note(replaced)})" if replaced else ""
        try:
            return _result(await found[1](arguments) + note)
        except ValidationError as error:
            return _result(f"invalid_request: {_explain(error)}", is_error=True)
        except HyperhiveError as error:
            return _result(f"{error.key}: {error.message}", is_error=True)

    def server(self) -> Server[object, object]:
        server: Server[object, object] = Server(OWN_SERVER)

        async def list_tools() -> list[types.Tool]:
            return self.definitions

        async def call_tool(name: str, arguments: dict[str, Any]) -> types.CallToolResult:
            return await self.call(name, arguments)

        # mcp leaves these decorators untyped.
        server.list_tools()(list_tools)  # type: ignore[no-untyped-call]
        server.call_tool(validate_input=False)(call_tool)
        return server

    def _offer(
        self,
        name: str,
        description: str,
        kind: type[ArgumentsT],
        handler: Callable[[ArgumentsT], Awaitable[str]],
    ) -> None:
        async def run(arguments: dict[str, Any]) -> str:
            return await handler(kind.model_validate(arguments))

        tool = types.Tool(name=name, description=description, inputSchema=kind.model_json_schema())
        self._tools[name] = (tool, run)

    def _add_manager_tools(self) -> None:
        self._offer(
            "ask_operator",
            "Ask the operator a question. Returns its id at once; the answer arrives as mail.",
            AskOperatorArguments,
            self._ask_operator,
        )
        self._offer(
            "list_agents",
            "Show every agent of the hive: its state, its queue, and what you may do to it.",
            NoArguments,
            self._list_agents,
        )
        self._offer("start", "Start an agent that does not run.", NameArguments, self._start)
        self._offer(
            "stop",
            "Stop an agent. A turn it is in ends and its mail goes back to the queue, where it waits.",
            NameArguments,
            self._stop,
        )
        self._offer("restart", "Stop and start an agent.", NameArguments, self._restart)

    async def _send(self, arguments: SendArguments) -> str:
        result = await self._client.send(arguments.to, arguments.body, arguments.in_reply_to)
        return "\n".join(f"Message #{sent.id} to {sent.recipient} is queued." for sent in result.messages)

    async def _recv(self, arguments: RecvArguments) -> str:
        result = await self._mailbox.take(arguments.max, arguments.wait_seconds)
        if not result.messages:
            return "(no mail)"
        parts = [mail_text(message) for message in result.messages]
        if result.pending:
            parts.append(f"{result.pending} more waiting.")
        return "\n\n".join(parts)

    async def _ask(self, arguments: AskArguments) -> str:
        return _asked(await self._client.ask(AskRequest(**arguments.model_dump())))

    async def _ask_operator(self, arguments: AskOperatorArguments) -> str:
        return _asked(await self._client.ask(AskRequest(**arguments.model_dump(), to=OPERATOR)))

    async def _list_agents(self, _arguments: NoArguments) -> str:
        return "\n".join(agent_line(agent) for agent in (await self._client.agents()).agents)

    async def _start(self, arguments: NameArguments) -> str:
        return agent_line(await self._client.manage(Verb.START, arguments.name))

    async def _stop(self, arguments: NameArguments) -> str:
        return agent_line(await self._client.manage(Verb.STOP, arguments.name))

    async def _restart(self, arguments: NameArguments) -> str:
        return agent_line(await self._client.manage(Verb.RESTART, arguments.name))

    async def _answer(self, arguments: AnswerArguments) -> str:
        question = await self._client.answer(arguments.id, arguments.answer)
        return f"Question {question.id} of {question.asker} is answered."


def _asked(question: Question) -> str:
    return (
        f"Question {question.id} is with {question.target}. The answer will arrive as mail and wake you; "
        "do not wait for it in this turn."
    )


def _explain(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(part)[:100] for part in one['loc'])}: {one['msg']} (value: {shown(one['input'])})"
        for one in error.errors(include_url=False)[:_SHOWN_ERRORS]
    )


def _result(text: str, *, is_error: bool = False) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], isError=is_error)
