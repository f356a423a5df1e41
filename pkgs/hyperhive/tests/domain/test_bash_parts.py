from hyperhive.domain.bash_parts import harmless_name


def test_only_names_that_no_program_looks_for_are_harmless() -> None:
    names = [
        "x",
        "file",
        "fileName",
        "i2",
        "PATH",
        "IFS",
        "GIT_DIR",
        "_",
        "http_proxy",
        "npm_config_x",
        "Path",
        "a-b",
    ]
    assert [name for name in names if harmless_name(name)] == ["x", "file", "fileName", "i2"]
