"""What `make test` says while it runs."""

import pytest

from tests.progress import Progress


class Report:
    """As much of pytest's report as the plugin reads."""

    def __init__(self, nodeid, duration, outcome="passed", when="call"):
        self.nodeid, self.duration, self.when, self.outcome = nodeid, duration, when, outcome
        self.failed, self.passed = outcome == "failed", outcome == "passed"


class Said(list):
    write_line = list.append


@pytest.fixture
def regression():
    """A regression of four tests on two workers with a clock that the test sets: (plugin, clock, what was said)."""

    clock, said, kept = [0.0], Said(), {"gradgate/seconds": {"c": 100.0, "gone": 7.0}}
    config = type("Config", (), {})()
    config.cache = type("Cache", (), {"get": kept.get, "set": kept.__setitem__})
    config.pluginmanager = type("Plugins", (), {"get_plugin": {"terminalreporter": said}.get})
    progress = Progress(config, clock=lambda: clock[0])
    progress.expect("abcd", workers=2)
    return progress, clock, said, kept


def run(progress, clock, test, seconds, outcome="passed"):
    progress.pytest_runtest_logstart(test)
    clock[0] += seconds
    progress.pytest_runtest_logreport(Report(test, seconds, outcome))
    progress.pytest_runtest_logfinish(test)


def test_done_left_and_running_are_named(regression):
    progress, clock, said, _ = regression
    run(progress, clock, "a", 10.0)
    assert not said
    progress.pytest_runtest_logstart("c")
    clock[0] += 4.0
    # Left: 100 s less 4 of c, which is known, and the mean of 10 for b and d, on two workers.
    assert progress.line() == "1 of 4 tests done, about 58 s left; running: c (4 s)"
    run(progress, clock, "b", 20.0)
    # 100 - 24 of c and 15, the mean by now, of d.
    assert said == ["2 of 4 tests done, about 46 s left; running: c (24 s)"]


def test_a_failure_is_said_at_once(regression):
    progress, clock, said, kept = regression
    run(progress, clock, "a", 1.0, "failed")
    assert said == ["FAILED a (call)"]
    assert progress.line().startswith("1 of 4 tests done, 1 failed, ")
    progress.pytest_sessionfinish()
    assert kept["gradgate/seconds"] == {"a": 1.0, "c": 100.0, "gone": 7.0}


@pytest.mark.parametrize(
    "report, status",
    [
        (Report("a", 1.0), ("passed", "", "PASSED")),
        (Report("a", 1.0, when="teardown"), ("", "", "PASSED")),
        (Report("a", 1.0, "failed"), ("failed", "", "FAILED")),
        (Report("a", 1.0, "failed", "setup"), ("error", "", "FAILED")),
        (Report("a", 1.0, "skipped", "setup"), ("skipped", "", "SKIPPED")),
    ],
)
def test_lines_take_the_place_of_dots(regression, report, status):
    assert regression[0].pytest_report_teststatus(report) == status
