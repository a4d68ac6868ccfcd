# amaranth: UnusedElaboratable=no
"""The bring-up test on the generated Verilog passes where golden's signature is expected, and fails else."""

import itertools
import re
from functools import cache

import pytest

from gen.verilog.emit import emit
from hw.arch.array.config import ArrayConfig, MacForm
from hw.array.array import Array
from hw.bringup.bringup import BringUp
from hw.bringup.uart import UartTransmitter
from sim.engine import array as engine
from sim.golden import bringup as golden
from sim.rtl import runner

#: Cycles from line to line and of a bit: a line of 51 characters fits. Rounds.
PERIOD, DIVISOR, ROUNDS = 1100, 2, 2
CONFIGS = {
    "dsp": ArrayConfig(2, 2, 3, 2),
    "generic": ArrayConfig(1, 3, 2, 3, mac=MacForm.GENERIC, acc_bits=40),
    "shift": ArrayConfig(3, 1, 1, 1, mac=MacForm.SHIFT, acc_bits=32),
}


@cache
def generated(name, wrong=0):
    """The core's Verilog, its latency, golden's signature and the expected one, altered in the bits `wrong`."""
    config = CONFIGS[name]
    model = golden.BringUp(config, Array.latency_of(config), ROUNDS)
    expected = model.signature ^ wrong
    core = BringUp(
        config=config, words=model.words, rounds=ROUNDS, expected=expected, clock_hz=PERIOD, baud=PERIOD // DIVISOR
    )
    return emit(core, "bringup_core"), core.latency, model.signature, expected


def run(name, verilog, latency, line, **fault):
    """Run the bench; `line` is what the board shall send, a pattern."""
    runner.simulate(
        top="bringup_core",
        verilog=verilog,
        bench="sim.testbench.bringup",
        models=engine.MODELS[CONFIGS[name].mac],
        parameters={"line": line, "latency": latency, "period": PERIOD, "divisor": DIVISOR, **fault},
    )


def test_passes_with_goldens_signature():
    """The dsp form; the generic one is with the faults."""
    verilog, latency, signature, _ = generated("dsp")
    run("dsp", verilog, latency, f"GRADGATE 2x2x3x2 PASS {signature:08X}")


def test_wrong_expectation_fails():
    verilog, latency, signature, expected = generated("shift", wrong=1 << 31)
    assert expected == signature ^ 0x80000000
    run("shift", verilog, latency, f"GRADGATE 3x1x1x1 FAIL {signature:08X} EXPECTED {expected:08X}")


#: Faults of the hardware: module, an operator of it, what it becomes.
FAULTS = {
    "none": None,
    "a sum of the tree": ("sum_tree", "+", "-"),
    "a product": ("generic_cell", "*", "+"),
    "a weight gradient": ("gradient_sum", "+", "-"),
    "control of a column": ("column_control", "|", "&"),
}


@cache
def with_faults(name):
    """The Verilog with all faults, of which the new input `fault` chooses one."""
    verilog = generated(name)[0]
    for number, fault in enumerate(FAULTS.values()):
        if fault:
            module, operator, other = fault
            head, body = re.split(rf"(?=^module {module}\()", verilog, maxsplit=1, flags=re.MULTILINE)
            body, count = re.subn(
                rf"^(  assign \w+ = )(\S+) {re.escape(operator)} (\S+);$",
                rf"\1bringup_core.fault == {number} ? \2 {other} \3 : \2 {operator} \3;",
                body,
                count=1,
                flags=re.MULTILINE,
            )
            assert count == 1, fault
            verilog = head + body
    return re.sub(
        r"^module bringup_core\((.*)\);",
        r"module bringup_core(fault, \1);\n  input [2:0] fault;",
        verilog,
        flags=re.MULTILINE,
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_fails(fault):
    """One operator in one module of the array is another: the test fails; it passes without."""
    _, latency, signature, expected = generated("generic")
    verdict = f"FAIL [0-9A-F]{{8}} EXPECTED {expected:08X}" if FAULTS[fault] else f"PASS {signature:08X}"
    number = list(FAULTS).index(fault)
    run("generic", with_faults("generic"), latency, f"GRADGATE 1x3x2x3 {verdict}", fault=number)


def test_signature_depends_on_every_lane_and_port():
    """No lane of a cycle carries what another does, so a swap of two lanes is not overlooked."""
    config = ArrayConfig()
    lanes = golden.lanes(config, 0, 64)
    columns = [tuple(column) for name in ("x", "w", "e") for column in lanes[name].T]
    assert len(set(columns)) == len(columns)


def test_lanes_are_the_stated_function():
    """Bit b of lane i in cycle t = H(t + i div 32, KEY, 8)[(b - 11 * i) mod 32], bit by bit."""
    config = ArrayConfig(2, 2, 3, 2)
    lanes = golden.lanes(config, 5, 3)
    number = itertools.count()
    for name, values in lanes.items():
        width = config.acc_bits if name == "ps_i" else config.pint.k
        for column in values.T:
            i = next(number)
            for t, value in zip((5, 6, 7), column, strict=True):
                word = int(golden.hash32(t + i // 32, golden.bringup.KEY, 8))
                bits = [word >> (b - 11 * i) % 32 & 1 for b in range(width)]
                assert int(value) % (1 << width) == sum(bit << b for b, bit in enumerate(bits))


def test_signatures_of_arrays_differ():
    signatures = {golden.BringUp(config, 9, 1).signature for config in CONFIGS.values()}
    assert len(signatures) == len(CONFIGS)


LEGAL = {"config": ArrayConfig(1, 1, 1, 1), "words": (0,), "rounds": 1, "expected": 0, "clock_hz": 1000, "baud": 100}


@pytest.mark.parametrize(
    "change, message",
    [
        ({"words": ()}, "Bring-up words must be at least one, not none"),
        ({"rounds": 0}, "Bring-up rounds must be at least 1, not 0"),
        ({"baud": 501}, "Bring-up baud must be 1 to half of the clock, 500, not 501"),
        ({"baud": 0}, "Bring-up baud must be 1 to half of the clock, 500, not 0"),
    ],
)
def test_init_wrong(change, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        BringUp(**{**LEGAL, **change})


def test_init_wrong_divisor():
    with pytest.raises(ValueError, match=r"^UART divisor must be at least 2, not 1$"):
        UartTransmitter(divisor=1)
    with pytest.raises(TypeError, match=r"^UART divisor must be an integer, not 2\.5$"):
        UartTransmitter(divisor=2.5)
