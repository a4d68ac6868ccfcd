"""Bench of the conversion unit against golden's `encode`: values, edges, statistics, stalls."""

from functools import reduce
from operator import or_

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, Timer

from sim.golden.pint import NEAREST, SHIFT_MAX, SHIFT_MIN, encode, saturated
from sim.rtl.parameters import PARAMETERS
from sim.testbench.streams import Stream, generator, pint_format, start

PINT = pint_format()
#: Cycles from an accepted element to its code.
LATENCY = PARAMETERS["latency"]
#: Bits of a value without its sign; values at and beyond 2^LIMIT saturate.
LIMIT = PINT.value_width - 1
#: Elements of a random test.
COUNT = PARAMETERS.get("count", 1000)
X_MIN, X_MAX = -(1 << 47), (1 << 47) - 1
NOISE = [0, 1, 0x7FFF, NEAREST, 0xFFFF]


def numpy_generator():
    return np.random.default_rng(generator().getrandbits(32))


def pack(x, shift, noise) -> list[int]:
    """Return the payloads of the elements, after broadcasting."""
    words = np.broadcast_arrays(x, shift, noise)
    columns = [word.ravel().tolist() for word in words]
    return [(x & (1 << 48) - 1) | (s & 0xFF) << 48 | r << 56 for x, s, r in zip(*columns, strict=True)]


async def begin(dut, **stalls):
    await start(dut, i__valid=0, i__payload=0, o__ready=0, clear=0)
    return Stream(dut, generator(), **stalls)


async def check(dut, *elements, **stalls):
    """Convert all elements, given as triples (x, shift, noise) of arrays to broadcast; compare codes and statistics."""
    triples = [[array.ravel() for array in np.broadcast_arrays(*triple)] for triple in elements]
    x, shift, noise = (np.concatenate(column) for column in zip(*triples, strict=True))
    stream = await begin(dut, **stalls)
    codes = np.array(await stream.run(pack(x, shift, noise)))
    wrong = np.flatnonzero(codes != encode(x, shift, noise, PINT.k, PINT.d))
    examples = [(int(x[i]), int(shift[i]), int(noise[i]), int(codes[i])) for i in wrong[:5]]
    assert not len(wrong), f"{PINT}: {len(wrong)} wrong codes, (x, shift, noise, code) = {examples}"
    assert int(dut.magnitude_or.value) == np.bitwise_or.reduce(np.abs(x))
    assert int(dut.saturated.value) == min(
        np.count_nonzero(saturated(x, shift, PINT.k, PINT.d)), (1 << len(dut.saturated)) - 1
    )


def rounding_classes(t, fraction, rng):
    """Noise for x = t * 2^fraction + random bits: constants, and both sides of the threshold of rounding up."""
    x = (t << fraction) + rng.integers(0, 1 << fraction, t.shape)
    segment = np.where((t >= -(1 << PINT.d)) & (t < 1 << PINT.d), 0, PINT.d)
    middle = PINT.k - 2 + PINT.d
    segment = np.where((t >= -(1 << middle)) & (t < 1 << middle), segment, PINT.k - 2)
    below = x & ((1 << (fraction + segment)) - 1)
    f = (below << 16) >> (fraction + segment)
    return x, np.stack([*(np.full_like(f, noise) for noise in NOISE), 0xFFFF - f, np.minimum(0x10000 - f, 0xFFFF)])


@cocotb.test()
async def every_value(dut):
    """Every value (a sample, where they are more than COUNT), rounded down, up, to nearest, just not and just up."""
    rng = numpy_generator()
    t = np.arange(-(1 << LIMIT), 1 << LIMIT)
    if len(t) > COUNT:
        t = rng.choice(t, COUNT)
    elements = []
    for fraction in (0, int(rng.integers(1, 30))):
        x, noise = rounding_classes(t, fraction, rng)
        elements.append((x, fraction, noise))
    await check(dut, *elements, idle=0.02, stall=0.02)


@cocotb.test()
@cocotb.parametrize(stalls=[(0.0, 0.0), (0.6, 0.1), (0.1, 0.6), (0.5, 0.5)])
async def random_elements(dut, stalls):
    """Random x of every length, every shift of -128 .. 127; most shifts such that the code is not saturated."""
    rng = numpy_generator()
    length = rng.integers(0, 48, COUNT)
    x = rng.integers(X_MIN, X_MAX, COUNT, endpoint=True) >> (47 - length)
    near = np.clip(length - rng.integers(0, LIMIT + 3, COUNT), -128, 127)
    shift = np.where(rng.random(COUNT) < 0.3, np.arange(COUNT) % 256 - 128, near)
    await check(dut, (x, shift, rng.integers(0, 1 << 16, COUNT)), idle=stalls[0], stall=stalls[1])


@cocotb.test()
async def edges(dut):
    """Edges of segments and limits at every shift, and rounding across them."""
    bounds = [0, *(sign << n for sign in (1, -1) for n in (PINT.d, PINT.k - 2 + PINT.d, LIMIT))]
    at = np.array([bound + offset for bound in bounds for offset in (-2, -1, 0, 1)])
    steps = [bound - (1 << step) for bound in bounds for step in PINT.shifts[1:]]  # the last step before an edge
    at = np.concatenate([at, steps])
    elements = []
    for shift in (0, 1, 15, 16, 17, 47 - LIMIT):
        ulp = 1 << shift
        x = np.unique([t * ulp + rest for t in at for rest in (0, 1, ulp // 2, ulp - 1)])
        elements.append((np.clip(x, X_MIN, X_MAX)[:, None], shift, np.array(NOISE)))
    x = np.array([t >> shift for t in at for shift in range(LIMIT + 2)])
    elements.append((np.unique(x)[:, None], -np.arange(LIMIT + 2), NEAREST))
    await check(dut, *elements, stall=0.05)


@cocotb.test()
async def shift_clamp(dut):
    """The smallest and largest x, and 0, at and beyond the ends of the shift."""
    x = np.array(
        [0, 1, -1, 2, -2, X_MIN, X_MIN + 1, X_MAX, X_MAX - 1, *(sign << n for sign in (1, -1) for n in (44, 45, 46))]
    )
    ends = [SHIFT_MIN, 0, SHIFT_MAX]
    shift = np.array([-128, -127, -64, 63, 64, 126, 127, *(end + offset for end in ends for offset in range(-4, 5))])
    noise = np.array([*NOISE, *range(2, 8), *range(0xFFF8, 0xFFFF)])  # what is left of x by a shift of 60 has 3 bits
    await check(dut, (x[:, None, None], shift[:, None], noise))


class Statistics:
    """What the statistics must be: bounds in each cycle, exact when nothing is under way."""

    def __init__(self, dut, x, shift):
        self._dut = dut
        self._magnitude = np.abs(x).tolist()
        self._saturates = saturated(x, shift, PINT.k, PINT.d).tolist()
        self._start = 0

    def _of(self, end):
        elements = range(self._start, end)
        magnitude = reduce(or_, (self._magnitude[n] for n in elements), 0)
        return magnitude, min(sum(self._saturates[n] for n in elements), (1 << len(self._dut.saturated)) - 1)

    def check(self, accepted, seen, clear):
        """In a cycle that found `accepted` elements accepted: those whose codes were `seen` are included."""
        least, most = self._of(seen), self._of(accepted)
        magnitude, count = int(self._dut.magnitude_or.value), int(self._dut.saturated.value)
        assert magnitude & least[0] == least[0], f"element missing from the OR {magnitude:#x}"
        assert magnitude & ~most[0] == 0, f"element too many in the OR {magnitude:#x}"
        assert least[1] <= count <= most[1], f"{count} saturated, not {least[1]} to {most[1]}"
        if clear:
            self._start = accepted


@cocotb.test()
@cocotb.parametrize(stalls=[(0.0, 0.0), (0.3, 0.1), (0.1, 0.4)])
async def statistics_with_clear(dut, stalls):
    """Clears with elements under way, in cycles with and without an accepted element; none in the last cycles."""
    rng = numpy_generator()
    x = rng.choice([1, -1], COUNT) << rng.integers(0, 47, COUNT)
    x[::50] = X_MIN
    shift = rng.integers(0, 48 - LIMIT, COUNT)
    words, statistics = pack(x, shift, 0), Statistics(dut, x, shift)
    stream = await begin(dut, stall=stalls[1])
    accepted = seen = 0
    while seen < COUNT:
        offered = accepted < COUNT and rng.random() >= stalls[0]
        clear = accepted < COUNT - 20 and rng.random() < 0.06
        taken, output = await stream.cycle(words[accepted] if offered else None, clear=int(clear))
        seen += output is not None
        statistics.check(accepted, seen, clear)
        accepted += taken


@cocotb.test()
async def latency(dut):
    stream = await begin(dut)
    assert await stream.cycle(pack(5, 0, 0)[0]) == (True, None)
    cycles = 1
    while (await stream.cycle(None))[1] is None:
        cycles += 1
        assert cycles <= LATENCY
    assert cycles == LATENCY


@cocotb.test()
async def reset_drops_all(dut):
    words = pack(X_MIN, 0, np.zeros(LATENCY, dtype=int))
    stream = await begin(dut)
    for word in words:
        await stream.cycle(word)
    await stream.cycle(None, rst=1)
    for _ in range(2 * LATENCY):
        assert (await stream.cycle(None, rst=0))[1] is None
        assert int(dut.magnitude_or.value) == int(dut.saturated.value) == 0


@cocotb.test()
async def valid_ignores_ready(dut):
    """The output is the same before and after `ready` changes within a cycle."""
    rng = generator()
    await begin(dut)
    for _ in range(100):
        await FallingEdge(dut.clk)
        dut.i__valid.value, dut.i__payload.value = rng.getrandbits(1), rng.getrandbits(72)
        seen = set()
        for ready in rng.sample([0, 1], 2):
            dut.o__ready.value = ready
            await Timer(100, "ps")
            seen.add((int(dut.o__valid.value), int(dut.o__payload.value)))
        assert len(seen) == 1
