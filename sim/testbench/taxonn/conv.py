"""Benches of the units of a convolution against golden; each is for one unit, with its parameters."""

import random
from itertools import product

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, ReadOnly

from hw.arch.taxonn.config import Activation, FixedFormat
from hw.arch.taxonn.maps import Convolution
from sim.golden.taxonn.activation import activate, derive
from sim.golden.taxonn.conv import fold
from sim.golden.taxonn.fixed import rescale, saturate, shift_round
from sim.rtl.bits import pack, unpack
from sim.rtl.parameters import PARAMETERS
from sim.testbench.streams import generator, start

FORM = FixedFormat.parse(PARAMETERS.get("format", "2,12"))
MAPS = Convolution(**PARAMETERS["maps"])


def signed(handle) -> int:
    word, bits = int(handle.value), len(handle)
    return word - (word >> bits - 1 << bits)


def put(handle, value: int):
    handle.value = int(value) & (1 << len(handle)) - 1


def code(rng: random.Random) -> int:
    """Return a random code, an extreme one at times."""
    return rng.choice([FORM.low, FORM.high, 0]) if rng.random() < 0.2 else rng.randint(FORM.low, FORM.high)


@cocotb.test()
async def maps(dut):
    """Samples go in at random paces; of each, windows are read anywhere while the next one comes."""
    rng, k, p = generator(), MAPS.kernel, MAPS.padding
    await start(dut, i_valid=0, i=0, i_tag=0, y=0, x=0, channel=0, free=0)
    shape = (MAPS.height, MAPS.width, MAPS.channels)
    samples = [np.array([code(rng) for _ in range(MAPS.inputs)]).reshape(shape) for _ in range(16)]
    tags = [rng.getrandbits(len(dut.i_tag)) for _ in samples]
    words = [(int(value), tag) for sample, tag in zip(samples, tags, strict=True) for value in sample.ravel()]
    sent, seen = 0, 0

    async def cycle():
        """Pass a cycle, in which a word may go in."""
        nonlocal sent
        offered = sent < len(words) and rng.random() < 0.7
        dut.i_valid.value = int(offered)
        if offered:
            put(dut.i, words[sent][0])
            # Only the tag of the first word counts.
            dut.i_tag.value = words[sent][1] if sent % MAPS.inputs == 0 else rng.getrandbits(len(dut.i_tag))
        await ReadOnly()
        assert int(dut.has.value) == (sent >= (seen + 1) * MAPS.inputs)
        assert int(dut.empty.value) == (sent == seen * MAPS.inputs)
        assert int(dut.i_ready.value) == (sent < (seen + 2) * MAPS.inputs)
        sent += offered and int(dut.i_ready.value)
        await FallingEdge(dut.clk)

    for sample, tag in zip(samples, tags, strict=True):
        while not int(dut.has.value):
            await cycle()
        assert int(dut.tag.value) == tag
        padded = np.pad(sample, ((p, p), (p, p), (0, 0)))
        due = []
        for _ in range(40):
            place = rng.randrange(len(padded) - k + 1), rng.randrange(padded.shape[1]), rng.randrange(MAPS.channels)
            dut.y.value, dut.x.value, dut.channel.value = place
            due.append(padded[place[0] : place[0] + k, place[1], place[2]].tolist())
            await cycle()
            if len(due) > 1:
                assert unpack(int(dut.o.value), FORM.width, (k,)).tolist() == due[-2]
        dut.free.value, dut.i_valid.value = 1, 0
        await FallingEdge(dut.clk)
        dut.free.value = 0
        seen += 1


@cocotb.test()
async def maxima(dut):
    """Partial sums with gaps; the greatest sum of each window, and its place, also where several are equal; or all."""
    rng, lanes, window = generator(), MAPS.kernel, MAPS.pool**2
    await start(dut, i_valid=0, i=0, bias=0)
    top, queue, bias, expected, found = 1 << len(dut.i) - 1, [], 0, [], []
    for number in range(60):
        if number % 7 == 0:
            bias = rng.choice([-top, top - 1, 0, rng.randrange(-top, top)])
            queue.append((bias, 1))
        narrow = rng.random() < 0.4
        parts = [
            [
                rng.randrange(-2, 2) if narrow else rng.choice([-top, top - 1, rng.randrange(-top, top)])
                for _ in range(lanes)
            ]
            for _ in range(window)
        ]
        queue += [(part, 0) for each in parts for part in each]
        totals = [bias + sum(each) for each in parts]
        expected.append((sum(totals), 0) if MAPS.average else (max(totals), totals.index(max(totals))))
    while queue or len(found) < len(expected):
        offered = bool(queue) and rng.random() < 0.7
        dut.i_valid.value = int(offered)
        if offered:
            value, is_bias = queue.pop(0)
            put(dut.i, value)
            dut.bias.value = is_bias
        await FallingEdge(dut.clk)
        if int(dut.o_valid.value):
            found.append((signed(dut.o), int(dut.place.value)))
        else:
            assert (int(dut.o.value), int(dut.place.value)) == (0, 0)
    assert found == expected


@cocotb.test()
async def rows(dut):
    """Products of the lanes, lane i i cycles late, with gaps, after resets on the way; sums by golden's `fold`."""
    rng, k = generator(), MAPS.kernel
    await start(dut, i_valid=0, i=0)
    bits = len(dut.i) // k
    top = 1 << bits - 1
    for whole in (True, *(False, True) * 8):
        # Products of every sum with every tap, [row][column][kernel row][channel][kernel column].
        shape = (MAPS.rows, MAPS.columns, k, MAPS.channels, k)
        products = np.array([rng.choice([-top, top - 1, rng.randrange(-top, top)]) for _ in range(np.prod(shape))])
        expected = fold(MAPS, products.reshape(MAPS.rows * MAPS.columns, MAPS.taps)).tolist()
        products, steps = products.reshape(shape), []
        for row in range(MAPS.height + MAPS.padding):
            taps = range(k) if row < MAPS.rows else range(1)
            for column, channel, tap in product(range(MAPS.width), range(MAPS.channels), taps):
                place = column + MAPS.padding - tap
                inside = row < MAPS.rows and 0 <= place < MAPS.columns
                steps += [None] * (rng.random() < 0.2)
                steps.append(products[row, place, :, channel, tap].tolist() if inside else [0] * k)
            steps += [None] * 4
        found, late = [], [[None] * i + steps + [None] * (k + 4 - i) for i in range(k)]
        for lanes in [*zip(*late, strict=True)][: None if whole else rng.randrange(len(steps))]:
            dut.i_valid.value = int(lanes[0] is not None)
            values = [rng.randrange(-top, top) if lane is None else lane[i] for i, lane in enumerate(lanes)]
            dut.i.value = pack([values], bits)[0]
            await FallingEdge(dut.clk)
            if int(dut.o_valid.value):
                found.append(signed(dut.o))
        if whole:
            assert found == expected
        else:
            dut.rst.value, dut.i_valid.value = 1, rng.getrandbits(1)
            await FallingEdge(dut.clk)
            dut.rst.value = 0


@cocotb.test()
async def stage(dut):
    """Sums forward, then errors back, with gaps, for some samples."""
    rng, kind, size = generator(), Activation(PARAMETERS["kind"]), PARAMETERS["size"]
    fraction, stochastic = PARAMETERS["fraction"], PARAMETERS["rounding"] == "stochastic"
    ratio, cut = MAPS.mean(FORM.width)
    await start(dut, i_valid=0, i=0, error_valid=0, error=0, **({"noise": 0} if stochastic else {}))

    async def feed(valid, handle, values, noises=()):
        """Give the values with gaps; return what comes out of both sides."""
        outputs, gradients = [], []
        for number in range(len(values) + 12):
            more = number < len(values)
            for gap in [False] * (rng.random() < 0.2) + [more]:
                valid.value = int(gap)
                if gap:
                    put(handle, values[number])
                    if stochastic and noises:
                        dut.noise.value = noises[number]
                await FallingEdge(dut.clk)
                if int(dut.o_valid.value):
                    outputs.append(signed(dut.o))
                if int(dut.gradient_valid.value):
                    gradients.append((signed(dut.gradient), int(dut.index.value)))
        return outputs, gradients

    for _ in range(48):
        bits, error_bits = len(dut.i), len(dut.error)
        sums = [rng.randrange(-1 << bits - 1, 1 << bits - 1) >> rng.randrange(bits) for _ in range(size)]
        z = [value * ratio + (1 << FORM.fraction + cut >> 1) >> FORM.fraction + cut for value in sums]
        y = activate(kind, [min(max(value, FORM.low), FORM.high) for value in z], FORM)
        assert await feed(dut.i_valid, dut.i, sums) == (y.tolist(), [])
        errors = [rng.randrange(-1 << error_bits - 1, 1 << error_bits - 1) >> rng.randrange(error_bits) for _ in sums]
        noises = [rng.getrandbits(8) for _ in sums]
        scaled = rescale(errors, fraction, FORM, np.array(noises) if stochastic else None)
        derivative = shift_round(derive(kind, y, FORM) * MAPS.slope(FORM.fraction), FORM.fraction)
        gradient = saturate(shift_round(scaled * derivative, FORM.fraction), FORM).tolist()
        expected = [(value, index) for index, value in enumerate(gradient)]
        assert await feed(dut.error_valid, dut.error, errors, noises) == ([], expected)
