"""Bench of the A-Core: jobs on every APU, all streams with random stalls, against the golden interpreter."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, ReadOnly

from gen.compiler.acore import jobs
from hw.arch.acore.commands import Command, CommandWord, command_word
from hw.arch.acore.memory import PUBLIC
from hw.arch.acore.microcode import RECORDS, microcode
from hw.arch.acore.scalar import Base
from sim.golden.acore.apu import Apu
from sim.rtl.parameters import PARAMETERS
from sim.testbench.acore.jobs import ACC_BITS, JOBS, MAPS, job, softmax_jobs
from sim.testbench.acore.layer import layer
from sim.testbench.streams import generator, start

APUS, LANES = PARAMETERS.get("apus", 1), PARAMETERS.get("lanes", 3)
#: Jobs of a test on each APU.
COUNT = PARAMETERS.get("count", 60)
CHANNEL, MAP = RECORDS + 3, RECORDS + 20
WIDTHS = {"wide": ACC_BITS, "code": 8, "side": 16, "bits": 1}
OUTPUTS = {"code_o": 8, "side_o": 8, "word_o": 48, "bits_o": 1}
#: Cycles without a word on any stream after which a test gives up.
PATIENCE = 600
#: Elements of the maps whose cycles are counted.
ELEMENTS = 20 * LANES
_BASES = {Base.ABSOLUTE: 0, Base.CHANNEL: CHANNEL, Base.MAP: MAP}
#: Microprograms that meet every kind of map.
MAPPED = (
    "frn_sum",
    "frn_forward",
    "frn_forward_add",
    "frn_sums",
    "frn_error",
    "velocity_add",
    "velocity_pint_add",
    "update",
    "update_pint",
)
LAST = 100  # words of the memory that jobs may use
WORDS = [_BASES[base] + n for base, names in PUBLIC.items() for n in range(len(names))]


def numpy_generator():
    return np.random.default_rng(generator().getrandbits(32))


def beats(values, lanes: int, rng) -> list[list[int | None]]:
    """Elements of each beat; None where a lane has none."""
    values = np.atleast_2d(values)
    count = values.shape[1]
    return [
        [int(row[n]) if n < count else None for n in range(first, first + lanes)]
        for first in range(0, count, lanes)
        for row in values
    ]


def word(elements, width: int, rng) -> int:
    """The payload of a beat; anything in lanes without an element."""
    found = 0
    for n, element in enumerate(elements):
        value = int(rng.integers(0, 1 << min(width, 62))) if element is None else element
        found |= (value & (1 << width) - 1) << n * width
    return found


def mask(elements, width: int) -> int:
    return sum((1 << width) - 1 << n * width for n, element in enumerate(elements) if element is not None)


@dataclass
class Plan:
    """What goes into an APU and must come out, in the order of each stream."""

    rng: np.random.Generator
    apu: Apu = field(default_factory=Apu)
    sent: dict[str, list[int]] = field(default_factory=lambda: {name: [] for name in ("command", *WIDTHS)})
    expected: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: {n: [] for n in ("result", *OUTPUTS)})
    names: list[str] = field(default_factory=list)
    streaming: Counter = field(default_factory=Counter)  # jobs that use a stream

    def __post_init__(self):
        """The memory keeps what the test before left."""
        self.sent["command"] += [command_word(Command.WRITE, address) for address in range(LAST)]

    def add(self, each, reads=tuple(WORDS), channel=CHANNEL, map_=MAP):
        """Add a job and the reading of the words that it may have changed; return its outputs."""
        self.names.append(each.name)
        commands = [
            command_word(Command.WRITE, self.apu.word(name, channel, map_), value) for name, value in each.words.items()
        ]
        commands += [command_word(Command.SET, constant, value) for constant, value in each.constants.items()]
        commands.append(command_word(Command.START, *microcode().start(each.name, channel, map_)))
        commands += [command_word(Command.READ, address) for address in reads]
        self.sent["command"] += commands
        outputs = self.apu.run(each, channel, map_)
        sent = [*outputs.pop("result", ()), *(self.apu.memory[address] for address in reads)]
        self.streaming.update([*each.streams, *outputs])
        scalar = each.name.startswith("softmax")  # one element of lane 0 a beat
        for name, values in each.streams.items():
            shape = np.reshape(values, (-1, 1)) if scalar else values
            self.sent[name] += [word(beat, WIDTHS[name], self.rng) for beat in self._beats(shape)]
        for name, values in outputs.items():
            width = OUTPUTS[name]
            found = [[None if n is None else n & (1 << width) - 1 for n in beat] for beat in self._beats(values)]
            self.expected[name] += [(word(beat, width, self.rng), mask(beat, width)) for beat in found]
        full = (1 << 56) - 1
        self.expected["result"] += [(int(each) & full, full) for each in sent]
        return outputs

    def _beats(self, values):
        return beats(values, LANES, self.rng)


class Ports:
    """The streams of one APU, a cycle at a time."""

    def __init__(self, dut, number: int, plan: Plan, rng, idle: float, stall: float):
        self._dut, self._prefix, self._plan, self._rng = dut, f"apu_{number}__", plan, rng
        self._idle, self._stall = idle, stall
        self._offered = dict.fromkeys(plan.sent, False)
        self._next = dict.fromkeys(plan.sent, 0)
        self._got = dict.fromkeys(plan.expected, 0)
        self._waiting = dict.fromkeys(plan.expected)
        self.starts: list[int] = []
        self.passed: dict[str, list[int]] = {name: [] for name in (*plan.sent, *plan.expected)}

    def _port(self, stream: str, signal: str):
        return getattr(self._dut, f"{self._prefix}{stream}__{signal}")

    def drive(self):
        """Offer words and readiness for this cycle."""
        for name, words in self._plan.sent.items():
            at = self._next[name]
            if not self._offered[name]:
                offer = at < len(words) and self._rng.random() >= self._idle
                self._offered[name] = offer
                self._port(name, "valid").value = int(offer)
                if offer:
                    self._port(name, "payload").value = words[at]
        self._ready = {}
        for name in self._plan.expected:
            self._ready[name] = self._rng.random() >= self._stall
            self._port(name, "ready").value = int(self._ready[name])

    def sample(self, cycle: int) -> bool:
        """Take what passed; return whether something did."""
        moved = False
        for name, words in self._plan.sent.items():
            if self._offered[name] and int(self._port(name, "ready").value):
                if name == "command" and CommandWord.decode(words[self._next[name]])["command"] is Command.START:
                    self.starts.append(cycle)
                self._offered[name], moved = False, True
                self._next[name] += 1
                self.passed[name].append(cycle)
        for name, expected in self._plan.expected.items():
            output = int(self._port(name, "payload").value) if int(self._port(name, "valid").value) else None
            if output is None:
                assert self._waiting[name] is None, f"{name} took back what it offered"
                continue
            at = self._got[name]
            assert at < len(expected), f"{self._prefix}{name} has a word too many after {len(self.starts)} jobs"
            value, care = expected[at]
            last = self._plan.names[len(self.starts) - 1]
            assert (output ^ value) & care == 0, (
                f"{self._prefix}{name} word {at} of job {len(self.starts)} ({last}): "
                f"{output & care:#x}, not {value & care:#x}"
            )
            assert self._waiting[name] in (None, output), f"waiting {name} changed"
            self._waiting[name] = output
            if self._ready[name]:
                self._waiting[name] = None
                self._got[name] += 1
                self.passed[name].append(cycle)
                moved = True
        return moved

    @property
    def done(self) -> bool:
        """All words have passed."""
        ends = {name: len(words) for name, words in (*self._plan.sent.items(), *self._plan.expected.items())}
        return all({**self._next, **self._got}[name] == end for name, end in ends.items())


async def run(dut, plans, idle: float = 0.0, stall: float = 0.0) -> list[Ports]:
    """Run the plans of all APUs to their ends."""
    inputs = {f"apu_{n}__{name}__valid": 0 for n in range(APUS) for name in ("command", *WIDTHS)}
    await start(dut, **inputs)
    rng = generator()
    ports = [Ports(dut, n, plan, rng, idle, stall) for n, plan in enumerate(plans)]
    quiet = cycle = 0
    while not all(each.done for each in ports):
        await FallingEdge(dut.clk)
        for each in ports:
            each.drive()
        await ReadOnly()
        moved = [each.sample(cycle) for each in ports]
        quiet, cycle = 0 if any(moved) else quiet + 1, cycle + 1
        assert quiet < PATIENCE, f"nothing moves after jobs {[len(each.starts) for each in ports]}"
    return ports


@cocotb.test()
@cocotb.parametrize(stalls=[(0.0, 0.0), (0.3, 0.3)])
async def every_microprogram(dut, stalls):
    """Each APU runs the microprograms in an order of its own, on maps of all kinds and sizes."""
    rng = numpy_generator()
    plans = []
    for _ in range(APUS):
        plan = Plan(rng)
        names = [*JOBS, "softmax"]
        while len(names) < COUNT:
            names += names
        for name in ["max_pool", *rng.permutation(names[: COUNT - 1])]:  # a pool first: the beats' first group
            if name == "softmax":
                classes = int(rng.integers(1, 6))
                for each in softmax_jobs(rng, classes, int(rng.integers(0, classes))):
                    plan.add(each)
            else:
                kind = "random" if rng.random() < 0.7 else str(rng.choice(MAPS))
                plan.add(job(str(name), rng, int(rng.choice([1, 2, 3, 4, 5, 9, 16, 40])), kind))
        plans.append(plan)
    await run(dut, plans, *stalls)


@cocotb.test()
async def every_map(dut):
    """Normalisation and its errors on every kind of map, of one element and of some."""
    rng = numpy_generator()
    plans = []
    for _ in range(APUS):
        plan = Plan(rng)
        for kind in MAPS:
            for name in MAPPED:
                for count in (1, int(rng.integers(2, 12)), int(rng.integers(30, 40)))[: 2 + (kind == "spike")]:
                    plan.add(job(name, rng, count, kind))
        plans.append(plan)
    await run(dut, plans, 0.05, 0.05)


@cocotb.test()
async def long_maps(dut):
    """Maps of many beats, and pools of many beats a group."""
    rng = numpy_generator()
    plans = [Plan(rng) for _ in range(APUS)]
    for plan in plans:
        for count in (255, 257, 600, int(rng.integers(300, 1000))):
            plan.add(job("frn_forward", rng, count, "random"))
        for _ in range(3):
            plan.add(job("convert", rng, 1500, "random"))
        plan.add(jobs.pool("pool_sum", {"code": rng.integers(0, 256, (300, 2))}))
    await run(dut, plans)


@cocotb.test()
async def softmax(dut):
    """The label at each class, and a single class, whose error is zero."""
    rng = numpy_generator()
    plans = []
    for _ in range(APUS):
        plan = Plan(rng)
        for classes in (1, 4):
            for label in range(classes):
                for each in softmax_jobs(rng, classes, label):
                    plan.add(each)
        plans.append(plan)
    await run(dut, plans)


@cocotb.test()
async def whole_layer(dut):
    """Forward, backward and update of a conv's channels and images one after another, from golden's sums."""
    rng, reads = numpy_generator(), (*WORDS, *range(RECORDS, RECORDS + 2 * 9 + 4 * 5))
    plans = []
    for _ in range(APUS):
        plan = Plan(rng)
        layer(
            lambda job, channel, map_, plan=plan: plan.add(job, reads, channel, map_),
            lambda name, channel=RECORDS, plan=plan: plan.apu.memory[plan.apu.word(name, channel)],
            rng,
        )
        plans.append(plan)
    await run(dut, plans, 0.02, 0.02)


@cocotb.test()
async def one_element_a_lane_and_cycle(dut):
    """The beats of a map pass in consecutive cycles on every stream, in every microprogram without groups of beats.

    The cycles of each job, from its start to the next command, go into the file that `CYCLES` names.
    """
    rng = numpy_generator()
    plans = [Plan(rng) for _ in range(APUS)]
    names = [name for name in JOBS if "pool" not in name]
    for name in names:
        made = job(name, rng, ELEMENTS, "random")
        for plan in plans:
            plan.add(made, reads=(0,))
    ports = await run(dut, plans)
    for each, plan in zip(ports, plans, strict=True):
        for name in (*WIDTHS, *OUTPUTS):
            gaps = np.count_nonzero(np.diff(each.passed[name]) > 1)
            assert gaps == plan.streaming[name] - 1, f"{name}: {gaps} gaps in the maps of {plan.streaming[name]} jobs"
    if file := PARAMETERS.get("cycles"):
        ends = [
            ports[0].passed["command"][n]
            for n, each in enumerate(plans[0].sent["command"])
            if CommandWord.decode(each)["command"] is Command.READ
        ]
        cycles = {name: end - start for name, start, end in zip(names, ports[0].starts, ends, strict=True)}
        Path(file).write_text(json.dumps(cycles))
