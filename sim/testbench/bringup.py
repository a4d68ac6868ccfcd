"""Bench of the bring-up test: LEDs and the UART's line, from reset and again after a restart.

The parameters are a pattern of the line that is to come (`line`), the cycles to the verdict
(`latency`), those between lines (`period`), those of a bit (`divisor`) and, where
the module under test has an input for it, the number of a fault (`fault`).
"""

import re

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, with_timeout

from sim.rtl.parameters import PARAMETERS

RUNNING, PASSED, FAILED, HEARTBEAT = 1, 2, 4, 8
PERIOD_NS = 10


async def _cycles(dut, count):
    for _ in range(count):
        await FallingEdge(dut.clk)


async def _byte(dut, divisor) -> str:
    """Receive one character, each bit in its middle."""
    while int(dut.tx.value):
        await FallingEdge(dut.clk)
    await _cycles(dut, divisor // 2)
    assert int(dut.tx.value) == 0, "the start bit is too short"
    character = 0
    for bit in range(8):
        await _cycles(dut, divisor)
        character |= int(dut.tx.value) << bit
    await _cycles(dut, divisor)
    assert int(dut.tx.value) == 1, "no stop bit"
    return chr(character)


async def _line(dut, divisor) -> str:
    text = ""
    while not text.endswith("\n"):
        text += await _byte(dut, divisor)
    return text


async def _runs(dut, latency):
    """The test ends in the predicted cycle; return the LEDs."""
    for cycle in range(latency):
        assert int(dut.leds.value) & 7 == RUNNING, f"LEDs {int(dut.leds.value):08b} in cycle {cycle}"
        assert int(dut.tx.value) == 1, f"the UART sends in cycle {cycle}"
        await FallingEdge(dut.clk)
    return int(dut.leds.value)


@cocotb.test()
async def reports_twice(dut):
    """The verdict is on the LEDs in the predicted cycle, and in lines that repeat; a restart gives the same again."""
    latency, period, divisor = (PARAMETERS[name] for name in ("latency", "period", "divisor"))
    expected = re.compile(PARAMETERS["line"] + "\r\n")
    dut.restart.value = 0
    if "fault" in PARAMETERS:
        dut.fault.value = PARAMETERS["fault"]
    dut.rst.value = 1
    Clock(dut.clk, PERIOD_NS, unit="ns").start()
    await _cycles(dut, 3)
    dut.rst.value = 0
    lines = []
    for _ in range(2):
        leds = await _runs(dut, latency)
        lines.append(await with_timeout(_line(dut, divisor), 2 * period * PERIOD_NS, "ns"))
        assert expected.fullmatch(lines[0]), lines[0]
        verdict = PASSED if " PASS " in lines[0] else FAILED
        assert leds & ~HEARTBEAT == verdict | int(re.findall(r"(?:PASS|FAIL) \w{7}(\w)", lines[0])[0], 16) << 4
        # The line comes again, and the heartbeat has changed.
        lines.append(await with_timeout(_line(dut, divisor), 2 * period * PERIOD_NS, "ns"))
        assert int(dut.leds.value) == leds ^ HEARTBEAT
        await _cycles(dut, 10 * divisor)
        dut.restart.value = 1
        await FallingEdge(dut.clk)
        dut.restart.value = 0
    assert len(set(lines)) == 1, lines
