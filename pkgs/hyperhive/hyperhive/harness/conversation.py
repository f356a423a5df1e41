"""The file in which Claude Code keeps a conversation, and how its end is taken off again.

What was asked and answered is there line by line, in order. Cut before a prompt, it is the conversation as it
was before that prompt, compactions included, in every release that resumes one.
"""

import json
import os
from pathlib import Path


def drop_since(projects: Path, session: str, prompt: str) -> bool:
    """Drop the prompt with this uuid, and all that came after it, from a conversation that nobody has open.

    `projects` is the directory of that name in Claude Code's own. Returns whether there is anything left to
    go on with.
    """
    found = next(projects.glob(f"*/{session}.jsonl"), None)
    if found is None:
        return False
    left, offset = False, 0
    with found.open("rb") as lines:
        for line in lines:
            if prompt.encode() in line and _uuid(line) == prompt:
                os.truncate(found, offset)
                break
            left = left or b'"uuid"' in line
            offset += len(line)
    return left


def _uuid(line: bytes) -> object:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry.get("uuid") if isinstance(entry, dict) else None
