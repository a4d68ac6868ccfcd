"""A plugin of pytest, `-p tests.progress`: every 15 s what is done, what runs and how long the rest may take.

Takes the place of pytest's dots, alone and with the workers of pytest-xdist. The time left is that of the tests that
are left in the last run on this machine; a test that is not known counts as the mean of those done.
"""

import threading
import time

import pytest

PERIOD = 15.0
#: Where pytest's own cache keeps the seconds of each test.
KEPT = "gradgate/seconds"


class Progress:
    """Counts tests and says where the regression is."""

    def __init__(self, config, clock=time.monotonic):
        self._config, self._clock = config, clock
        self._known: dict[str, float] = config.cache.get(KEPT, {})
        self._seconds: dict[str, float] = {}
        self._begun: dict[str, float] = {}
        self._left: set[str] = set()
        self._done = self._failed = 0
        self._workers, self._said = 1, clock()
        self._ended = threading.Event()

    def line(self) -> str:
        """One sentence: tests done, failed, minutes left, the tests that run."""
        now = self._clock()
        finished = sum(self._seconds.values())
        mean = finished / self._done if self._done else 1.0
        known = {test: self._known.get(test, mean) for test in self._left}
        spent = sum(min(known.get(test, mean), now - begin) for test, begin in self._begun.items())
        left = max(0.0, sum(known.values()) - spent) / self._workers
        until = f"about {left / 60:.0f} min left" if left >= 90 else f"about {left:.0f} s left"
        running = ", ".join(f"{test} ({now - begin:.0f} s)" for test, begin in sorted(self._begun.items()))
        failed = f", {self._failed} failed" if self._failed else ""
        return (
            f"{self._done} of {self._done + len(self._left)} tests done{failed}, {until}; running: {running or 'none'}"
        )

    def _say(self, text: str):
        self._config.pluginmanager.get_plugin("terminalreporter").write_line(text)

    def _tick(self):
        if (self._left or self._done) and self._clock() - self._said >= PERIOD:
            self._said = self._clock()
            self._say(self.line())

    def _watch(self):
        while not self._ended.wait(1):
            self._tick()

    def expect(self, tests, workers: int):
        """Name all tests before the first begins."""
        self._left, self._workers = set(tests), workers

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node, ids):
        self.expect(ids, len(node.config.getoption("tx") or [1]))

    def pytest_collection_finish(self, session):
        if session.items:  # The workers collect where there are some.
            self.expect([item.nodeid for item in session.items], 1)

    def pytest_sessionstart(self):
        if self._config.getoption("numprocesses", None):  # Alone, pytest captures what is printed during a test.
            threading.Thread(target=self._watch, daemon=True).start()

    def pytest_runtest_logstart(self, nodeid):
        self._begun[nodeid] = self._clock()

    def pytest_runtest_logreport(self, report):
        self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self._failed += 1
            self._say(f"FAILED {report.nodeid} ({report.when})")

    def pytest_runtest_logfinish(self, nodeid):
        self._begun.pop(nodeid, None)
        if nodeid in self._left:
            self._left.remove(nodeid)
            self._done += 1
        self._tick()

    def pytest_report_teststatus(self, report):
        if hasattr(report, "wasxfail"):
            return None
        counted = report.when == "call" or not report.passed
        category = "error" if report.failed and report.when != "call" else report.outcome
        return (category if counted else "", "", report.outcome.upper())

    def pytest_sessionfinish(self):
        self._ended.set()
        self._config.cache.set(KEPT, self._known | self._seconds)


def pytest_configure(config):
    if not hasattr(config, "workerinput"):  # Not in the workers.
        config.pluginmanager.register(Progress(config))
