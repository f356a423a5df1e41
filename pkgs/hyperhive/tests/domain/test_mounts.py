from hyperhive.domain.mounts import Mount, mount_of

TEXT = """\
22 27 0:21 / /proc rw,nosuid,nodev,noexec,relatime shared:5 - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
40 27 254:0 /a /agents rw,relatime - ext4 /dev/vda rw
41 40 254:0 /a/state /agents/alice/state rw,nosuid,nodev,relatime master:3 - ext4 /dev/vda rw
42 27 254:0 /sp /with\\040space ro,relatime - ext4 /dev/vda rw
43 40 0:99 / /agents/alice/state rw,nodev - tmpfs tmpfs rw

cut off
"""


def test_the_deepest_and_latest_mount_above_a_path_is_its_own() -> None:
    assert mount_of(TEXT, "/agents/alice/state/x/y") == Mount(
        "/agents/alice/state", frozenset({"rw", "nodev"})
    )
    assert mount_of(TEXT, "/agents/alice") == Mount("/agents", frozenset({"rw", "relatime"}))


def test_a_name_that_only_begins_the_same_is_not_below() -> None:
    assert mount_of(TEXT, "/agents-of-others") == Mount("/", frozenset({"rw", "relatime"}))


def test_escaped_characters_are_read() -> None:
    assert mount_of(TEXT, "/with space/x") == Mount("/with space", frozenset({"ro", "relatime"}))


def test_without_a_word_about_a_path_there_is_no_mount() -> None:
    assert mount_of("", "/x") is None
