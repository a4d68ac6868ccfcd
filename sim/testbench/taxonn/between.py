"""What the benches of both sequencers share: the state between two samples."""

import random

from hw.arch.taxonn.order import Op

__all__ = ["CREDITS", "Between"]

CREDITS = 2


class Between:
    """Plays next layer and host, follows when a sample begins, and holds the sequencer to it.

    Parameters
    ----------
    dut : handle
        A sequencer.
    rng : random.Random

    Attributes
    ----------
    since : int or None
        From which cycle on the sequencer is between samples; None while it is not.
    served : int
        Requests of the host that were answered.
    """

    def __init__(self, dut, rng: random.Random):
        self.dut, self.rng = dut, rng
        self.since, self.credits, self.served = 0, CREDITS, 0
        self._credits_at: list[int] = []
        self._outside_at = self._acknowledge_at = None
        self._ready = self._acknowledged = False

    def drive(self, now: int):
        """Set the inputs of a cycle."""
        rng, dut = self.rng, self.dut
        dut.ready.value = self._ready = int(rng.random() < 0.8)
        dut.credit.value = int(now in self._credits_at)
        if self._acknowledged:
            dut.request.value, self._acknowledge_at, self.served = 0, None, self.served + 1
        elif not int(dut.request.value) and rng.random() < 0.02:
            dut.request.value, dut.read.value = 1, rng.getrandbits(1)
        self._acknowledged = now == self._acknowledge_at
        dut.acknowledge.value = int(self._acknowledged)

    def credit(self, at: int):
        """Have the next layer done with a sample in a cycle, or later."""
        self._credits_at.append(max(at, max(self._credits_at, default=0) + 1))

    def check(self, now: int, op: Op, train: bool) -> bool:
        """Hold the outputs of a cycle to what is due; return whether a sample begins."""
        dut, begin = self.dut, False
        has, request, serving = int(dut.has.value), int(dut.request.value), int(dut.serving.value)
        between = self.since is not None and now >= self.since
        idle = between and self.credits == CREDITS
        assert int(dut.idle.value) == idle
        assert (op in (Op.WRITE, Op.READ)) == (now == self._outside_at), f"{op} in cycle {now}"
        if now == self._outside_at:
            assert op == (Op.READ if int(dut.read.value) else Op.WRITE)
            assert serving == request == 1
            self._acknowledge_at = now + self.rng.randint(1, 6)
        if request and idle and not serving:
            self._outside_at = self.since = now + 2
        elif between and not request and has and self._ready and self.credits:
            begin, self.since = True, None
        assert int(dut.started.value) == (begin and train)
        self.credits += int(dut.credit.value) - begin
        return begin

    @property
    def waiting(self) -> bool:
        """Whether the host waits for an answer."""
        return self._acknowledge_at is not None
