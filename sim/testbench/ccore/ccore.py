"""Bench of the C-Core: writes tensors, gives descriptors, and compares all that leaves with golden.

`CCORE_PROGRAM` names the file of steps that :mod:`sim.engine.ccore` wrote, `CCORE_RESULT` the one to write,
`CCORE_PROGRESS` one that gets a line with the cycle now and then.
"""

import collections
import os
import pickle
import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge

#: Cycles from one line of progress to the next.
PROGRESS_CYCLES = 200
#: Cycles beyond those of the longest descriptor without anything happening, after which a bench gives up.
PATIENCE = 5000


class Writer:
    """Plays the writes of the steps, each once the statuses and results that it waits for have come."""

    def __init__(self, dut, steps, rng, idle):
        self._ports = {"inputs": dut.input_write, "weights": dut.weight_write}
        self._steps, self._rng, self._idle = steps, rng, idle
        self.done = 0  # steps whose writes are in the buffers
        self._left = {name: collections.deque() for name in self._ports}
        self._playing = False

    def cycle(self, statuses: int, results: int):
        """Drive the ports for the coming edge."""
        if self._playing and not any(self._left.values()):
            self._playing, self.done = False, self.done + 1
        if not self._playing and self.done < len(self._steps):
            step = self._steps[self.done]
            if statuses >= step["wait"] and results >= step["wait_results"]:
                self._playing = True
                self._left = {name: collections.deque(step[name]) for name in self._ports}
        for name, port in self._ports.items():
            words = self._left[name]
            port.value = words.popleft() if words and self._rng.random() >= self._idle else 0


class Commander:
    """Gives the words of the descriptors whose writes are done."""

    def __init__(self, dut, steps, rng, idle):
        self._dut, self._rng, self._idle = dut, rng, idle
        self._words = [(n, word) for n, step in enumerate(steps) for word in step["words"]]
        self.sent = 0
        self.ends = [0] * len(steps)  # cycle of the last word of each descriptor

    def cycle(self, cycle: int, written: int):
        """Drive the port for the coming edge; `ready` does not depend on `valid`."""
        offers = self.sent < len(self._words) and self._words[self.sent][0] < written
        offers = offers and self._rng.random() >= self._idle
        self._dut.commands__valid.value = int(offers)
        if offers:
            step, word = self._words[self.sent]
            self._dut.commands__payload.value = word
            if int(self._dut.commands__ready.value):
                self.sent += 1
                self.ends[step] = cycle


class Collector:
    """Takes an output stream and compares each word, under a mask, with what is due."""

    def __init__(self, dut, name, expected, rng, stall):
        self._valid, self._ready, self._payload = (
            getattr(dut, f"{name}__{wire}") for wire in ("valid", "ready", "payload")
        )
        self.name, self.expected, self._rng, self._stall = name, expected, rng, stall
        self.cycles = []
        self._waiting = None

    def cycle(self, cycle: int):
        """Look at the stream and drive `ready` for the coming edge."""
        ready = self._rng.random() >= self._stall
        self._ready.value = int(ready)
        if not int(self._valid.value):
            assert self._waiting is None, f"{self.name} in cycle {cycle}: a word went away"
            return
        word, number = int(self._payload.value), len(self.cycles)
        assert self._waiting in (None, word), f"{self.name} in cycle {cycle}: a word changed while it waited"
        assert number < len(self.expected), f"{self.name} in cycle {cycle}: word {number} is one too many"
        due, mask = self.expected[number]
        where = f"{self.name} in cycle {cycle}: word {number} of {len(self.expected)}"
        assert not (word ^ due) & mask, f"{where} is {word & mask:x}, not {due & mask:x}"
        self._waiting = None if ready else word
        if ready:
            self.cycles.append(cycle)


@cocotb.test()
async def runs_descriptors(dut):
    """Results, sums of |x| and statuses equal golden's, in order; nothing else comes."""
    with open(os.environ["CCORE_PROGRAM"], "rb") as file:
        program = pickle.load(file)
    steps, rng = program["steps"], random.Random(program["seed"])
    writer = Writer(dut, steps, rng, program["idle"])
    commander = Commander(dut, steps, rng, program["idle"])
    collectors = [
        Collector(dut, name, [word for step in steps for word in step[name]], rng, program["stall"])
        for name in ("results", "sums", "status")
    ]
    results, _, status = collectors
    dut.clear.value = 0
    for port in (dut.input_write, dut.weight_write, dut.commands__valid, dut.commands__payload):
        port.value = 0
    for collector in collectors:
        getattr(dut, f"{collector.name}__ready").value = 0
    dut.rst.value = 1
    Clock(dut.clk, 2, unit="ns").start()
    for _ in range(3):
        await FallingEdge(dut.clk)
    dut.rst.value = 0
    cycle, last = 0, (0, ())
    while any(len(each.cycles) < len(each.expected) for each in collectors) or int(dut.busy.value):
        await FallingEdge(dut.clk)
        cycle += 1
        if cycle % PROGRESS_CYCLES == 0:
            with open(os.environ["CCORE_PROGRESS"], "a") as progress:
                progress.write(f"{cycle}\n")
        writer.cycle(len(status.cycles), len(results.cycles))
        commander.cycle(cycle, writer.done)
        for collector in collectors:
            collector.cycle(cycle)
        state = (writer.done, commander.sent, *(len(each.cycles) for each in collectors))
        last = last if last[1] == state else (cycle, state)
        idle = cycle - last[0]
        assert idle < program["longest"] + PATIENCE, f"nothing happens since cycle {last[0]}: steps, words, {state}"
    with open(os.environ["CCORE_RESULT"], "wb") as file:
        outcome = {each.name: each.cycles for each in collectors}
        outcome |= {"words": commander.ends, "overflow": int(dut.overflow.value)}
        pickle.dump(outcome, file)
