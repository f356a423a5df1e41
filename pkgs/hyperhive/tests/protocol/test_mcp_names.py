import pytest

from hyperhive.protocol.mcp_names import (
    allow_rules,
    allowed_in_session,
    allows,
    server_fault,
    session_tool,
    tool_faults,
)


@pytest.mark.parametrize(
    ("tool", "called"),
    [
        ("query", "query"),
        ("files.read", "files_read"),
        ("files/read", "files_read"),
        ("a b", "a_b"),
        ("é", "_"),
        ("日本", "__"),
        ("🐝x", "__x"),
    ],
)
def test_a_tool_is_called_in_a_session_as_claude_code_calls_it(tool: str, called: str) -> None:
    assert session_tool("orders", tool) == f"mcp__orders__{called}"
    assert allows([tool], tool)
    assert allows([called], tool)
    assert allowed_in_session(f"mcp__orders__{called}", {"orders": [tool]})


def test_only_allowed_tools_of_the_server_may_be_called() -> None:
    servers = {"orders": ["files.read"], "open": ["*"], "shut": []}
    assert allow_rules(servers) == ["mcp__orders__files_read", "mcp__open"]
    assert allowed_in_session("mcp__open__any__thing", servers)
    for name in ("mcp__orders__files_write", "mcp__shut__x", "mcp__other__x", "mcp__open", "files_read"):
        assert not allowed_in_session(name, servers)
    assert not allows(["files_read"], "files_write")


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        ("orders", None),
        ("a_b-c", None),
        ("hyperhive", "the name is taken by hyperhive's own tools"),
        ("ide", "the name is taken by Claude Code's link to editors"),
        ("a__b", "two underscores part a server from its tool: have no two in a row and none at the end"),
        ("c_", "two underscores part a server from its tool: have no two in a row and none at the end"),
    ],
)
def test_a_server_has_a_name_that_cannot_be_anothers(server: str, reason: str | None) -> None:
    assert server_fault(server) == reason


def test_tools_have_names_that_a_session_can_tell_apart() -> None:
    assert list(tool_faults("o", ["*", "x.y", "x", "x"])) == []
    assert list(tool_faults("o", ["x.y", "x_y"])) == [
        "o: 'x.y' and 'x_y' would both be called mcp__o__x_y; allow one of them"
    ]
    long = "l" * 121
    assert list(tool_faults("o", [long])) == [
        f"o: {long!r} would be called mcp__o__{long}, longer than 128 characters"
    ]
