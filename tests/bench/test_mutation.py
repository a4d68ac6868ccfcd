"""Mutation testing on a small design: broken copies are killed, harmless ones are proved equivalent, and never both."""

import pytest
from amaranth.hdl import Cat, Module, Signal, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from bench.mutation.designs import DESIGNS, Design
from bench.mutation.mutants import Mutant, make_mutants
from bench.mutation.proof import equivalent
from bench.mutation.runs import Verdict, reasons, run_design
from sim.rtl.runner import SimulationError

SEED = 1


class Counter(wiring.Component):
    d: In(unsigned(8))
    q: Out(unsigned(8))

    def elaborate(self, platform):
        m = Module()
        low, high = Signal(init=1), Signal(7)  # registers that are no ports, one of them inverted
        total = self.q + (self.d & (self.d | self.q | (self.q >> 1)))  # the OR changes nothing
        m.d.comb += self.q.eq(Cat(~low, high))
        m.d.sync += [low.eq(~total[0]), high.eq(total[1:])]
        return m


#: What `reads_parameters` expects.
PARAMETERS = {"value": 17, "format": "2,12", "sizes": [1, 2]}


def counter(*tests: str) -> Design:
    return Design("counter", "counter", Counter, "sim.testbench.counter", 12, PARAMETERS, testcase="|".join(tests))


def judge(design, folder) -> dict[str, list[Verdict]]:
    print(f"seed {SEED}")
    verdicts = run_design(design, folder, seed=SEED, jobs=2, show=print)
    assert [verdict.number for verdict in verdicts] == list(range(1, design.mutants + 1))
    return {state: [v for v in verdicts if v.state == state] for state in ("killed", "equivalent", "survived")}


def test_mutants_are_killed_or_proved_equivalent_but_not_both(tmp_path):
    design = counter("counts")
    states = judge(design, tmp_path)
    assert states["killed"]
    assert states["equivalent"]
    for verdict in states["killed"]:
        proved, how = equivalent(design, Mutant("counter", verdict.number, verdict.command), tmp_path)
        assert not proved, how


def test_constants_in_place_of_a_bit_are_not_proved(tmp_path):
    """Such a mutation cuts its cell off; the register behind it differs all the same."""
    design = counter("counts")
    _, mutants = make_mutants(design, tmp_path, SEED, count=100)
    constants = [
        m for m in mutants if "-mode const" in m.command and "-cell $not$" in m.command and " -port Y" in m.command
    ]
    assert len({mutant.option("cell") for mutant in constants}) == 2
    for mutant in constants:
        assert equivalent(design, mutant, tmp_path) == (False, "counterexample found"), mutant.command


def test_mutants_survive_a_bench_that_looks_at_nothing(tmp_path):
    assert judge(counter("reads_parameters"), tmp_path)["survived"]


def test_original_must_pass(tmp_path):
    with pytest.raises(
        SimulationError, match=r"^The original of counter must pass its bench, but bench: failed counts_wrong$"
    ):
        run_design(counter("counts_wrong"), tmp_path, seed=SEED, jobs=1, show=print)


def test_clock_mutants_are_never_proved(tmp_path):
    mutant = Mutant("counter", 1, "mutate -mode const1 -module counter -cell $x -port CLK -portbit 0")
    assert equivalent(counter("counts"), mutant, tmp_path) == (False, "Yosys's SAT has one clock")


def test_same_seed_gives_the_same_mutants(tmp_path):
    first, second = (make_mutants(DESIGNS["mac-shift"], tmp_path, SEED) for _ in range(2))
    assert first == second


def test_reasons_name_known_designs():
    assert {design for design, _ in reasons()} <= set(DESIGNS)
