"""Benches of the units of TaxoNN against golden; each test is for one unit, with its parameters."""

import random
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, ReadOnly

from hw.arch.taxonn.config import NOISE_BITS, Activation, FixedFormat
from hw.arch.taxonn.curves import Curve
from sim.golden.taxonn.activation import activate, derive
from sim.golden.taxonn.curve import curve
from sim.golden.taxonn.fixed import rescale, saturate, shift_round
from sim.golden.taxonn.loss import output_gradient
from sim.golden.taxonn.noise import element_noise
from sim.rtl.parameters import PARAMETERS
from sim.testbench.streams import generator, start

FORM = FixedFormat.parse(PARAMETERS.get("format", "2,12"))
KIND = PARAMETERS.get("kind", "")
SIZE = PARAMETERS.get("size", 1)
STOCHASTIC = PARAMETERS.get("rounding") == "stochastic"
CORNERS = [0, 1, -1, FORM.one, -FORM.one, FORM.low, FORM.low + 1, FORM.high]


def signed(handle) -> int:
    word, bits = int(handle.value), len(handle)
    return word - (word >> bits - 1 << bits)


def put(handle, value: int):
    handle.value = int(value) & (1 << len(handle)) - 1


def code(rng: random.Random) -> int:
    return rng.choice(CORNERS) if rng.random() < 0.2 else rng.randint(FORM.low, FORM.high)


async def pipeline(dut, latency: int, rows, inputs, outputs, valid=None):
    """Feed rows (inputs, outputs), one a cycle with gaps, and compare what comes `latency` cycles later.

    `inputs` are names, `outputs` functions of the unit; `valid` are the names of the input's and output's valid.
    """
    first: dict[str, Any] = dict.fromkeys([*inputs, *(valid[:1] if valid else [])], 0)
    await start(dut, **first)
    rng, due = generator(), []
    pending = [row for each in rows for row in ([None, each] if rng.random() < 0.2 else [each])]
    for row in [*pending, *[None] * latency]:
        await FallingEdge(dut.clk)
        if len(due) == latency:
            expected = due.pop(0)
            if valid:
                assert int(getattr(dut, valid[1]).value) == (expected is not None)
            if expected is not None:
                assert [read(dut) for read in outputs] == expected
        if valid:
            getattr(dut, valid[0]).value = int(row is not None)
        if row is not None:
            for name, value in zip(inputs, row[0], strict=True):
                put(getattr(dut, name), value)
        due.append(None if row is None else row[1])


@cocotb.test()
async def rescaling(dut):
    rng, bits, fraction = generator(), len(dut.i), PARAMETERS["fraction"]
    rows = []
    for _ in range(500):
        value = rng.getrandbits(bits) - (1 << bits - 1) >> rng.randrange(bits)
        noise = rng.getrandbits(NOISE_BITS)
        expected = int(rescale(value, fraction, FORM, np.int64(noise) if STOCHASTIC else None))
        rows.append(([value, noise] if STOCHASTIC else [value], [expected]))
    inputs = ["i", "noise"] if STOCHASTIC else ["i"]
    await pipeline(dut, 1, rows, inputs, [lambda dut: signed(dut.o)], ("i_valid", "o_valid"))


@cocotb.test()
async def multiplication(dut):
    rng, rows = generator(), []
    for _ in range(500):
        grade, wide, a, b, addend = rng.getrandbits(1), rng.getrandbits(1), code(rng), code(rng), code(rng)
        shift = FORM.fraction + (FORM.integer - 1 if wide else 0)
        expected = int(saturate(shift_round(a * b, shift) + addend, FORM))
        rows.append(([1 - grade, grade, a, b, addend, wide], [1 - grade, grade, expected]))
    outputs = [
        lambda dut: int(dut.derivative_valid.value),
        lambda dut: int(dut.gradient_valid.value),
        lambda dut: signed(dut.o),
    ]
    await pipeline(dut, 2, rows, ["derive", "grade", "a", "b", "addend", "wide"], outputs)


@cocotb.test()
async def scaling(dut):
    rng, rows = generator(), []
    for _ in range(500):
        x, rate = code(rng), -rng.randint(0, FORM.high)
        rows.append(([x, rate], [int(saturate(shift_round(x * rate, FORM.fraction), FORM))]))
    await pipeline(dut, 2, rows, ["x", "rate"], [lambda dut: signed(dut.o)])


@cocotb.test()
async def lines(dut):
    """All inputs, or 4,000 of them where there are more."""
    rng, integer, top = generator(), FORM.integer, 1 << FORM.integer + FORM.fraction
    inputs = [*range(top + 1)] if top < 4000 else [0, top, *(rng.randrange(top + 1) for _ in range(4000))]
    values = curve(Curve(KIND), np.array(inputs), integer, FORM.fraction, FORM.fraction).tolist()
    rows = [([i], [value]) for i, value in zip(inputs, values, strict=True)]
    await pipeline(dut, 3, rows, ["i"], [lambda dut: int(dut.o.value)])


@cocotb.test()
async def activations(dut):
    """All codes, or 4,000 of them; the derivative as the global multiplier makes it."""
    kind, rng = Activation(KIND), generator()
    codes = [*range(FORM.low, FORM.high + 1)]
    codes = codes if len(codes) < 4000 else [*CORNERS, *(code(rng) for _ in range(4000))]
    y = activate(kind, codes, FORM)
    rows = [([z], [int(v), int(d)]) for z, v, d in zip(codes, y, derive(kind, y, FORM), strict=True)]

    def derivative(dut):
        product = shift_round(signed(dut.a) * signed(dut.b), FORM.fraction)
        return int(saturate(product + signed(dut.addend), FORM))

    outputs = [lambda dut: signed(dut.y), derivative]
    await pipeline(dut, PARAMETERS["latency"], rows, ["z"], outputs, ("i_valid", "o_valid"))


@cocotb.test()
async def noises(dut):
    rng = generator()
    await start(dut, key=0, restart=0, take=0)
    for _ in range(2):
        dut.key.value = key = rng.getrandbits(64)
        dut.restart.value, dut.take.value = 1, 0
        for _ in range(8):
            await FallingEdge(dut.clk)
        dut.restart.value = 0
        for _ in range(9):
            await FallingEdge(dut.clk)
        for step in range(3):
            for noise in element_noise(key, step, int(KIND), SIZE).tolist():
                while True:
                    await FallingEdge(dut.clk)
                    assert int(dut.valid.value)
                    dut.take.value = taken = int(rng.random() < 0.7)
                    if taken:
                        assert int(dut.noise.value) == noise
                        break


@cocotb.test()
async def losses(dut):
    """Outputs with gaps, trained or not, against golden's G as the global multiplier makes it."""
    kind, rng = Activation(KIND), generator()
    shift = FORM.fraction + (FORM.integer - 1 if kind == Activation.SOFTMAX else 0)
    await start(dut, i_valid=0, y=0, train=0, label=0, derivative=0)
    for _ in range(100):
        y, f, label = [code(rng) for _ in range(SIZE)], [code(rng) for _ in range(SIZE)], rng.randrange(SIZE)
        if rng.random() < 0.3:  # hardly different
            y = [min(max(y[0] + rng.randint(-2, 2), FORM.low), FORM.high) for _ in y]
        train = int(rng.random() < 0.7)
        for value in y:
            while rng.random() < 0.3:
                dut.i_valid.value = 0
                await FallingEdge(dut.clk)
            dut.i_valid.value = 1
            dut.train.value, dut.label.value = train, label
            put(dut.y, value)
            await FallingEdge(dut.clk)
        dut.i_valid.value = 0
        found, asked = [], 0
        for _ in range(2 * SIZE + 60):
            put(dut.derivative, f[asked] if asked < SIZE else 0)
            await ReadOnly()
            asked = int(dut.index.value)
            if int(dut.o_valid.value):
                product = shift_round(signed(dut.a) * signed(dut.b), shift)
                found.append(int(saturate(product + signed(dut.addend), FORM)))
                assert int(dut.wide.value) == (kind == Activation.SOFTMAX)
            await FallingEdge(dut.clk)
        expected = output_gradient(kind, np.array(y), np.array(f), label, FORM).tolist() if train else []
        assert found == expected


@cocotb.test()
async def buffers(dut):
    """Samples go in and out at random paces, each with its tag."""
    rng = generator()
    await start(dut, i_valid=0, i=0, i_tag=0, index=0, free=0)
    samples = [([code(rng) for _ in range(SIZE)], rng.getrandbits(len(dut.i_tag))) for _ in range(40)]
    words = [(value, tag) for values, tag in samples for value in values]
    sent, sample, index, asked = 0, 0, 0, None
    for _ in range(40 * SIZE * 12 + 400):
        await FallingEdge(dut.clk)
        if asked is not None:
            assert signed(dut.o) == asked
        dut.free.value, asked = 0, None
        offered = sent < len(words) and rng.random() < 0.6
        dut.i_valid.value = int(offered)
        if offered:
            put(dut.i, words[sent][0])
            # Only the tag of the first word counts.
            dut.i_tag.value = words[sent][1] if sent % SIZE == 0 else rng.getrandbits(len(dut.i_tag))
        dut.index.value = index
        await ReadOnly()
        has = bool(int(dut.has.value))
        assert int(dut.empty.value) == (sent == sample * SIZE)
        assert has == (sent > sample * SIZE + index)
        read = has and rng.random() < 0.6
        accepted = offered and int(dut.i_ready.value)
        assert int(dut.i_ready.value) == (sent < (sample + 2) * SIZE)
        if has:
            assert int(dut.tag.value) == samples[sample][1]
            asked = samples[sample][0][index]
        sent += accepted
        if read:
            index += 1
            if index == SIZE:
                index = 0
                await FallingEdge(dut.clk)
                assert signed(dut.o) == asked
                dut.free.value, dut.i_valid.value, asked = 1, 0, None
                sample += 1
                if sample == len(samples):
                    return
    raise AssertionError(f"only {sample} samples came out")
