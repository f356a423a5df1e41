"""Every hive, evaluated as a whole NixOS system and compared with its committed files."""

import pytest

from tests.nixos import expected, nix

nix.need_tree()


@pytest.mark.parametrize("hive", expected.names())
def test_a_hive_renders_to_its_committed_files(hive: str) -> None:
    changed = expected.difference(expected.committed(hive), expected.rendered(hive))
    if changed:
        pytest.fail(
            f"another hive comes out: if that is right, refresh with `make golden`\n{changed}", pytrace=False
        )
