"""Bench of an APU's controller alone: random programs against the golden interpreter, with random stalls.

`CODE` is the seed of the programs in its memory, `STARTS` how many are run.
"""

from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, ReadOnly

from hw.arch.acore.chain import Chain
from hw.arch.acore.commands import Command, Start, command_word
from hw.arch.acore.scalar import Accumulator
from hw.arch.acore.sizes import MEMORY_DEPTH
from sim.golden.acore.apu import Apu
from sim.rtl.parameters import PARAMETERS
from sim.testbench.acore.programs import KEPT, PROGRAMS, Expected, random_code, random_memory, random_word, run_program
from sim.testbench.streams import generator, start

CODE, STARTS = PARAMETERS["code"], PARAMETERS["starts"]
#: Accumulators that are read on top of accumulator 0.
ADDED = (Accumulator.SUM1, Accumulator.SUM2, Accumulator.LARGEST)
#: Cycles from a question's end to the first bit of its quotient, its exponential; bits of both.
DIVISION, EXPONENTIAL, QUOTIENT = 3, 4, 18
PATIENCE = 400
WORD = (1 << 56) - 1


class Plan:
    """Commands, and what must come of them."""

    def __init__(self, rng):
        code, self.expected = random_code(CODE), Expected()
        results = self.expected.results
        machine = Apu()
        machine.memory = random_memory(rng)
        self.commands = [command_word(Command.WRITE, n, value) for n, value in enumerate(machine.memory)]
        for n in range(STARTS):
            for _ in range(rng.randrange(3)):
                number, value = rng.randrange(MEMORY_DEPTH), rng.getrandbits(56)
                self.commands.append(command_word(Command.SET, number, value))
                self.expected.set.append((number & 31, value & (1 << 48) - 1))
            for place in rng.choices([n for n in range(64) if n not in KEPT], k=24):  # some read at once
                machine.memory[place] = value = random_word(rng)
                self.commands.append(command_word(Command.WRITE, place, value))
                if rng.random() < 0.1:
                    self.commands.append(command_word(Command.READ, place))
                    results.append(value)
            channel, map_ = (rng.choice([rng.randrange(32, 496), rng.randrange(500, 512)]) for _ in range(2))
            chain = rng.getrandbits(Chain.size)
            address = n % PROGRAMS * 100
            begin = Start.encode({"channel": channel, "map_": map_, "chain": chain})
            self.commands.append(command_word(Command.START, address, begin | rng.getrandbits(56) << Start.size))
            run_program(machine, code, (address, channel, map_, chain), rng, self.expected)
            last = n == STARTS - 1
            reads = range(MEMORY_DEPTH) if last else rng.choices(range(MEMORY_DEPTH), k=rng.randrange(4))
            self.commands += [command_word(Command.READ, place) for place in reads]
            results += [machine.memory[place] for place in reads]


class Bench:
    """Host, streams, lanes and functions around the controller, a cycle at a time."""

    def __init__(self, dut, plan: Plan, rng, idle: float, stall: float):
        self.dut, self.rng, self.idle, self.stall = dut, rng, idle, stall
        self.wide_idle = 0.98 if idle else 0  # so that `in` waits
        expected = plan.expected
        self.sent = {"command": plan.commands, "wide": [n & (1 << 48) - 1 for n in expected.wide]}
        self.due = {"result": [n & WORD for n in expected.results]}
        self.sets: list[Any] = expected.set[::-1]
        self.runs: list[Any] = expected.runs[::-1]
        self.asks: list[Any] = expected.asks[::-1]
        self.offered, self.next = dict.fromkeys(self.sent, False), dict.fromkeys([*self.sent, *self.due], 0)
        self.sums: dict[Any, Any] = dict.fromkeys(Accumulator, 0)
        self.value = self.left = 0
        self.question: Any = None
        self.since: Any = None
        self.wait: Any = None

    def drive(self):
        """Set the inputs of a cycle."""
        dut, rng = self.dut, self.rng
        for name, words in self.sent.items():
            if not self.offered[name]:
                at = self.next[name]
                idle = self.idle if name == "command" else self.wide_idle
                self.offered[name] = at < len(words) and rng.random() >= idle
                getattr(dut, f"{name}__valid").value = int(self.offered[name])
                width = 67 if name == "command" else 48
                getattr(dut, f"{name}__payload").value = words[at] if self.offered[name] else rng.getrandbits(width)
        self.ready = {name: rng.random() >= self.stall for name in self.due}
        for name, ready in self.ready.items():
            getattr(dut, f"{name}__ready").value = int(ready)
        dut.sum.value = self.value
        dut.active.value = int(self.left > 0) if self.left else 0
        self.answered = self.wait == 0
        dut.answered.value = int(self.answered)
        dut.answer.value = self.bit()

    def bit(self) -> int:
        """The bit of the answer that is due: 0 before the first, any after the last."""
        if self.since is None:
            return self.rng.getrandbits(1)
        exponential, _, _, answer = self.question
        n = QUOTIENT - 1 - (self.since - (EXPONENTIAL - 1 if exponential else DIVISION - 1))
        return answer >> n & 1 if n in range(QUOTIENT) else int(n < 0 and self.rng.getrandbits(1))

    def sample(self) -> bool:
        """Hold the outputs to what is due; return whether something happened."""
        dut, moved = self.dut, False
        for name in self.sent:
            if self.offered[name] and int(getattr(dut, f"{name}__ready").value):
                self.offered[name], moved = False, True
                self.next[name] += 1
        for name, words in self.due.items():
            if int(getattr(dut, f"{name}__valid").value):
                at = self.next[name]
                assert at < len(words), f"{name} has a word too many"
                value = int(getattr(dut, f"{name}__payload").value)
                assert value == words[at], f"{name} {at}: {value:#x}, not {words[at]:#x}"
                self.next[name] += self.ready[name]
                moved |= self.ready[name]
        if int(dut.set.value):
            found, due = (int(dut.number.value), int(dut.constant.value)), self.sets.pop()
            assert found == due, f"set {found}, not {due}"
            moved = True
        self.lanes()
        return self.functions() or moved

    def lanes(self):
        """A run takes some cycles; its sums are read in the cycle after they are selected."""
        dut, sums = self.dut, self.sums
        chosen = int(dut.select.value)
        on_top = sums[Accumulator.SUM0] if chosen in ADDED else 0
        shown = sums[chosen] if chosen in sums else self.rng.getrandbits(56)
        self.value = (shown + on_top) & WORD
        launch = int(dut.launch.value)
        assert not self.left or (chosen == Accumulator.SUM0 and not launch), "a run is disturbed"
        if launch:
            chain, accumulators = self.runs.pop()
            assert int(dut.chain.value) == chain
            sums.update(accumulators)
            self.left = self.rng.randrange(1, 6)
        elif self.left:
            self.left -= 1

    def functions(self) -> bool:
        """Take a question after some cycles, and answer it bit by bit."""
        dut = self.dut
        asks, ask = int(dut.asks.value), int(dut.ask.value)
        if self.answered:
            assert asks, "a question is taken back"
            self.since, self.wait = 0, None
        elif self.since is not None:
            self.since += 1
        if self.since == 1:
            exponential, dividend, divisor, _ = self.question
            assert (ask & 1, (ask >> 1) & 1023) == (exponential, dividend & 1023)
            assert exponential or ask >> 1 == dividend | divisor << 46
        else:
            assert ask == 0, "a question that is not asked"
        if asks and not self.answered and self.wait is None:
            self.question, self.wait, self.since = self.asks.pop(), self.rng.randrange(1, 5), None
        if self.wait:
            self.wait -= 1
        return self.answered

    @property
    def done(self) -> bool:
        """All words have passed."""
        words = {**self.sent, **self.due}
        return all(self.next[name] == len(each) for name, each in words.items())


@cocotb.test()
@cocotb.parametrize(stalls=[(0.0, 0.0), (0.3, 0.4)])
async def programs(dut, stalls):
    """Every word that a program leaves, sends, sets and asks for is that of the interpreter."""
    await start(dut, command__valid=0, wide__valid=0, active=0, answered=0, answer=0, sum=0)
    rng = generator()
    bench, quiet = Bench(dut, Plan(rng), rng, *stalls), 0
    while not bench.done:
        await FallingEdge(dut.clk)
        bench.drive()
        await ReadOnly()
        quiet = 0 if bench.sample() else quiet + 1
        assert quiet < PATIENCE, f"nothing moves after {bench.next}"
    assert [bench.sets, bench.runs, bench.asks] == [[], [], []], "less than all was done"
