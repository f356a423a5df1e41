"""Shell lines that look at a hive, for every scenario.

The hive's own command is a Python program: asked again and again on an emulated processor, it would hold up
what it waits for.
"""

SNAPSHOT = "curl --silent --unix-socket /run/hyperhive/admin.sock http://localhost/api/state"
INBOX = f"{SNAPSHOT} | jq --raw-output '.inbox[].body'"


def in_state(agent: str, state: str) -> str:
    """Shell line that ends with 0 when the agent is in the state."""
    condition = f'.agents[] | select(.name == "{agent}").status.state == "{state}"'
    return f"{SNAPSHOT} | jq --exit-status '{condition}'"
