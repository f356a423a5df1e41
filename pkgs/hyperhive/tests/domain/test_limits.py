from hyperhive.domain.limits import effective, own_group, shown


def test_the_group_is_that_of_the_unified_hierarchy() -> None:
    assert own_group("9:name=systemd:/a\n0::/machine.slice/x\n") == "/machine.slice/x"
    assert own_group("8:pids:/\n") is None


def test_the_smallest_limit_on_the_way_up_counts() -> None:
    texts = {
        "memory.max": ["max", "4294967296", "8589934592"],
        "pids.max": ["max", "1024"],
        "cpu.max": ["max 100000", "200000 100000"],
    }
    found = effective(texts)
    assert found == {"memory": 4294967296.0, "tasks": 1024.0, "cpu": 200.0}
    assert shown(found) == "4096 MiB of memory, 1024 tasks, 200 % of a processor"


def test_without_files_or_with_max_alone_there_is_no_limit() -> None:
    found = effective({"memory.max": ["max"], "cpu.max": ["max 100000", ""]})
    assert found == {"memory": None, "tasks": None, "cpu": None}
    assert shown(found) == "memory without limit, tasks without limit, processor without limit"
