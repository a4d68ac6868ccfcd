"""Bench of the C-Core: writes tensors, gives descriptors, and compares all that leaves with golden.

`program` names the file of steps that :mod:`sim.engine.ccore` wrote, `result` the one to write,
`progress` one that gets a line with the cycle now and then.
"""

import collections
import itertools
import math
import pickle
import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge

from sim.rtl.parameters import PARAMETERS

#: Cycles from one line of progress to the next.
PROGRESS_CYCLES = 200
#: Cycles beyond those of the longest descriptor without anything happening, after which a bench gives up.
PATIENCE = 5000
#: Cycles without a status after which a descriptor with mistakes counts as endless.
ENDLESS = 400_000
#: Cycles after all has left from which on `busy` must be low.
SETTLED = 4
#: What leaves.
STREAMS = ("results", "sums", "status")


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
        self.started = 0  # descriptors whose first word was taken
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
                self.started += not self.sent or self._words[self.sent - 1][0] != step
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


class Host:
    """Whether a descriptor is under way, as a host knows it."""

    def __init__(self, dut, steps):
        self._busy, self._quiet = dut.busy, 0
        told = [step for step in steps if step["status"]]
        self._due = [
            list(itertools.accumulate((len(step[name]) for step in told), initial=0)) for name in ("results", "sums")
        ]

    def cycle(self, cycle: int, started: int, status: int, others):
        """Compare `busy` with the descriptors whose first word was taken, and with what has left."""
        open_ = started > status or any(len(each.cycles) < due[status] for each, due in zip(others, self._due))
        self._quiet = 0 if open_ else self._quiet + 1
        busy = int(self._busy.value)
        assert busy or not open_, f"busy is low in cycle {cycle}: {started} descriptors began, {status} ended"
        assert not busy or self._quiet < SETTLED, f"busy is high in cycle {cycle}: nothing is under way"


async def reset(dut, cycles: int):
    """Reset for some cycles, with all inputs as they were; then nothing is offered or taken."""
    dut.rst.value = 1
    for _ in range(cycles):
        await FallingEdge(dut.clk)
    dut.rst.value = dut.clear.value = 0
    for port in (dut.input_write, dut.weight_write, dut.commands__valid, dut.commands__payload):
        port.value = 0
    for name in STREAMS:
        getattr(dut, f"{name}__ready").value = 0


async def play(dut, program, rng, limit: float = math.inf) -> dict:
    """Run the program, no longer than `limit` cycles; returns the cycles of all that left and of all last words."""
    steps = program["steps"]
    writer = Writer(dut, steps, rng, program["idle"])
    commander = Commander(dut, steps, rng, program["idle"])
    collectors = [
        Collector(dut, name, [word for step in steps for word in step[name]], rng, program["stall"]) for name in STREAMS
    ]
    results, sums, status = collectors
    host = Host(dut, steps)
    cycle, last = 0, (0, ())
    while any(len(each.cycles) < len(each.expected) for each in collectors) or int(dut.busy.value):
        if cycle >= limit:
            break
        await FallingEdge(dut.clk)
        cycle += 1
        if cycle % PROGRESS_CYCLES == 0:
            with open(PARAMETERS["progress"], "a") as progress:
                progress.write(f"{cycle}\n")
        host.cycle(cycle, commander.started, len(status.cycles), (results, sums))
        writer.cycle(len(status.cycles), len(results.cycles))
        commander.cycle(cycle, writer.done)
        for collector in collectors:
            collector.cycle(cycle)
        state = (writer.done, commander.sent, *(len(each.cycles) for each in collectors))
        last = last if last[1] == state else (cycle, state)
        idle = cycle - last[0]
        assert idle < program["longest"] + PATIENCE, f"nothing happens since cycle {last[0]}: steps, words, {state}"
    return {each.name: each.cycles for each in collectors} | {"words": commander.ends}


async def swallow(dut, group, rng, program):
    """Give descriptors of any kind, whatever results they have; each has its status, in order, and all end."""
    steps = [{"words": words, "status": [status]} for words, status in group]
    commander, stall = Commander(dut, steps, rng, program["idle"]), program["stall"]
    status = Collector(dut, "status", [step["status"][0] for step in steps], rng, stall)
    others = [getattr(dut, name) for name in ("results__ready", "sums__ready")]
    cycle, last = 0, (0, 0)
    while len(status.cycles) < len(steps) or int(dut.busy.value):
        await FallingEdge(dut.clk)
        cycle += 1
        commander.cycle(cycle, len(steps))
        status.cycle(cycle)
        for ready in others:
            ready.value = int(rng.random() >= stall)
        state = commander.sent + len(status.cycles)
        last = last if last[1] == state else (cycle, state)
        number = len(status.cycles)
        assert cycle - last[0] < ENDLESS, f"descriptor {number} does not end: {group[min(number, len(group) - 1)][0]}"


@cocotb.test()
async def runs_descriptors(dut):
    """Results, sums of |x| and statuses equal golden's, in order; nothing else comes.

    After each reset of the program, at its moment of a run and for its length, and after each group of descriptors with
    mistakes, the same holds from the beginning.
    """
    with open(PARAMETERS["program"], "rb") as file:
        program = pickle.load(file)
    rng = random.Random(program["seed"])
    dut.rst.value = 1
    Clock(dut.clk, 2, unit="ns").start()
    await FallingEdge(dut.clk)
    await reset(dut, 2)
    for moment, length in program["resets"]:
        dut._log.info(f"reset in cycle {moment} for {length} cycles")
        await play(dut, program, rng, moment)
        await reset(dut, length)
        await play(dut, program, rng)
        await reset(dut, 1)
    for group in program["garbage"] or [[]]:
        await swallow(dut, group, rng, program)
        outcome = await play(dut, program, rng)
    with open(PARAMETERS["result"], "wb") as file:
        pickle.dump(outcome | {"overflow": int(dut.overflow.value)}, file)
