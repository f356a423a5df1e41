"""Nix and Python give every name the same uids."""

import json
from typing import Final

from hyperhive.config import UID_FIRST, UID_RANGE, UID_RANGES, uid_base
from tests.nixos import nix

nix.need_library()

#: Of every length that a name may have, with every character.
NAMES: Final = [
    *("a", "z", "alice", "bob", "manager", "a-b", "a1", "x--9", "deploy", "docs-qa"),
    *(f"agent-{number}" for number in range(500)),
    *("abcdefghijklmnopqrstuvwxyz01234"[:length] for length in range(1, 32)),
]


def test_nix_and_python_agree_on_the_uids_of_many_names() -> None:
    function = f'import {nix.MODULES}/uid-base.nix {{ lib = import (lib + "/lib"); }}'
    text = f"{{ lib, names }}: map ({function}) (builtins.fromJSON names)"
    found = nix.evaluate(text, lib=str(nix.library()), names=json.dumps(NAMES))
    assert dict(zip(NAMES, found, strict=True)) == {name: uid_base(name) for name in NAMES}


def test_every_range_lies_where_systemd_assigns_nothing() -> None:
    bases = [uid_base(name) for name in NAMES]
    assert min(bases) >= UID_FIRST
    assert max(bases) + UID_RANGE <= UID_FIRST + UID_RANGE * UID_RANGES <= 0x7FFE0000
    assert {base % UID_RANGE for base in bases} == {0}
