"""Shell lines that look at a hive and send its mail, for every scenario.

The hive's own command is a Python program: called again and again on an emulated processor, it would hold up
what it waits for.
"""

import json
import shlex

ADMIN = "curl --silent --unix-socket /run/hyperhive/admin.sock"
SNAPSHOT = f"{ADMIN} http://localhost/api/state"
INBOX = f"{SNAPSHOT} | jq --raw-output '.inbox[].body'"


def mail(agent: str, text: str) -> str:
    """Shell line that sends a message as the operator, and writes its id."""
    body = shlex.quote(json.dumps({"to": agent, "body": text}))
    return f"{ADMIN} --fail --json {body} http://localhost/api/messages | jq '.messages[0].id'"


def inbox_after(message: str) -> str:
    """Shell line that writes the texts of the operator's mail that came after a message."""
    return f"{SNAPSHOT} | jq --raw-output '.inbox[] | select(.id > {message}).body'"


def in_state(agent: str, state: str) -> str:
    """Shell line that ends with 0 when the agent is in the state."""
    condition = f'.agents[] | select(.name == "{agent}").status.state == "{state}"'
    return f"{SNAPSHOT} | jq --exit-status '{condition}'"
