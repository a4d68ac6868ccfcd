"""Benches of the units of a lane, each alone: any operands, in a pipeline that holds at random, against integers.

The test has the name of the unit, the module under test.
"""

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, ReadOnly

from hw.arch.acore.chain import Pool, Rescale
from sim.golden.pint import decode, encode
from sim.testbench.acore.operands import SHIFTS, narrow_control, normalise_control, number, shift_control
from sim.testbench.streams import generator, start

COUNT = 60


def fits(value: int, bits: int) -> bool:
    return -(1 << bits - 1) <= value < 1 << bits - 1


def limited(value: int, bits: int) -> int:
    return max(-(1 << bits - 1), min(value, (1 << bits - 1) - 1))


def moved(x: int, u: int) -> int:
    """floor(x * 2^u)"""
    return x << u if u >= 0 else x >> -u


async def run(dut, rng, control: dict, elements: list[dict], delays: dict, latencies: dict, model):
    """Let elements pass.

    control : inputs that stay
    elements : inputs of each, by port
    delays : enabled cycles until a port takes its part of an element
    latencies : enabled cycles until a port gives its part of a result
    model : gives the result of an element by port, without those that mean nothing; (result, bits) if only those count
    """
    await FallingEdge(dut.clk)
    for port, value in control.items():
        getattr(dut, port).value = value
    results, step = [model(**element) for element in elements], 0
    while step < len(elements) + max(latencies.values()):
        await FallingEdge(dut.clk)
        enable = rng.random() < 0.8
        dut.enable.value = int(enable)
        for port, delay in delays.items():
            handle, at = getattr(dut, port), step - delay
            given = enable and 0 <= at < len(elements)
            bits = len(handle)
            handle.value = elements[at][port] & (1 << bits) - 1 if given else rng.getrandbits(bits)
        await ReadOnly()
        for port, latency in latencies.items():
            at = step - latency
            if 0 <= at < len(elements) and port in results[at]:
                handle, expected = getattr(dut, port), results[at][port]
                expected, bits = expected if isinstance(expected, tuple) else (expected, len(handle))
                got, expected = (each & (1 << bits) - 1 for each in (int(handle.value), expected))
                assert got == expected, f"{port} of {elements[at]} with {control}: {got:#x}, not {expected:#x}"
        step += enable


@cocotb.test()
async def shift(dut):
    """The conversion's: over where the result does not fit."""
    await start(dut, enable=0)
    rng, bits = generator(), len(dut.value)
    for u in SHIFTS:
        elements = [{"x": number(rng, 48), "noise": rng.getrandbits(16)} for _ in range(COUNT)]

        def model(x, noise, u=u):
            value = moved(x, u - 15) + noise
            found = {"over": not fits(value, bits), "negative": x < 0}
            return found if found["over"] else {"value": value, **found}

        outputs = dict.fromkeys(("value", "over", "negative"), 3)
        await run(dut, rng, {"control": shift_control(u)}, elements, {"x": 0, "noise": 1}, outputs, model)


@cocotb.test()
async def rescaler(dut):
    """All roundings, alone and subtracted."""
    await start(dut, enable=0)
    rng = generator()
    for n in range(2 * len(SHIFTS)):
        u, mode = rng.choice(SHIFTS) if n % 2 else rng.randrange(0, 48), list(Rescale)[n % len(Rescale)]
        less, nearest = rng.random() < 0.4, rng.random() < 0.3

        def model(x, random16, front, included, u=u, mode=mode, less=less, nearest=nearest):
            if mode is Rescale.NOISE16:
                exact = moved(x, u - 15) + (0x8000 if nearest else random16) >> 16
            else:
                exact = moved(x, u - 15) + (mode is not Rescale.FLOOR25) >> 1
            exact = front - exact if less else exact
            short = mode in (Rescale.FLOOR25, Rescale.HALF25)
            over = not fits(exact, 16 if mode is Rescale.NOISE16 else 48)
            shown = {"value": (limited(exact, 25), 25)} if short else {} if over else {"value": exact}
            return {"over": over, "negative": exact < 0} | (shown if included else {"value": 0})

        elements = [
            {
                "x": number(rng, 48),
                "random16": rng.getrandbits(16),
                "included": int(rng.random() < 0.9),
                "front": number(rng, 32 if mode is Rescale.NOISE16 else 47),
            }
            for _ in range(COUNT)
        ]
        control = {"control": shift_control(u), "mode": mode.value, "less": int(less), "nearest": int(nearest)}
        delays = {"x": 0, "random16": 1, "front": 4, "included": 6}
        await run(dut, rng, control, elements, delays, dict.fromkeys(("value", "over", "negative"), 7), model)


@cocotb.test()
async def normalise(dut):
    """x_hat by every shift."""
    await start(dut, enable=0)
    rng = generator()
    for n in [*range(18)] * 4:
        used = rng.random() < 0.9
        elements = [{"x": number(rng, 43)} for _ in range(COUNT)]

        def model(x, n=n, used=used):
            return {"value": limited((x >> n + 3) + 1 >> 1, 18) * used}

        await run(dut, rng, {"control": normalise_control(n, used)}, elements, {"x": 0}, {"value": 3}, model)


@cocotb.test()
async def front(dut):
    """Sums of wide value, code and constant, that the mask stops or lets pass."""
    await start(dut, enable=0)
    rng = generator()
    for n in range(160):
        u, scale = n % 54, rng.getrandbits(17) if n % 5 == 0 else None
        wide, code = rng.random() < 0.6, rng.random() < 0.8
        add = number(rng, 45 if scale is not None or 24 <= u < 40 else 32) * (rng.random() < 0.7)

        def model(code, wide, passes, included, u=u, scale=scale, add=add, takes=(wide, code)):
            t = int(decode(code)) * takes[1]
            total = wide * takes[0] + add + (t * scale if scale is not None else moved(2 * t, u - 16) + 1 >> 1)
            found = {"value": total * passes}
            stopped = total * included * (not passes)
            return found | ({"masked": stopped} if fits(stopped, 48) else {})

        elements = [
            {
                "code": rng.getrandbits(8),
                "wide": number(rng, 48),
                "passes": int(rng.random() < 0.6),
                "included": int(rng.random() < 0.8),
            }
            for _ in range(COUNT)
        ]
        control = {"narrow": narrow_control(u, scale, add), "takes_wide": int(wide), "takes_code": int(code)}
        delays = {"code": 0, "wide": 2, "passes": 4, "included": 4}
        await run(dut, rng, control, elements, delays, {"value": 5, "masked": 5}, model)


@cocotb.test()
async def pooling(dut):
    """Sums and maxima of groups, with the place of the first maximum."""
    await start(dut, enable=0)
    rng = generator()
    for n in range(40):
        sums = n % 2
        elements = []
        for _ in range(COUNT // 4):
            size = rng.randrange(1, 9)
            near = number(rng, 13)
            for place in range(size):
                x = number(rng, 22) if sums else rng.choice([near, number(rng, 13), -near - 1])
                elements.append({"x": x, "start": int(place == 0), "place": place})
        results = []
        for each in elements:
            x, place = each["x"], each["place"]
            value, index = results[-1].values() if not each["start"] else (0, 0)
            if sums:
                results.append({"value": value + x, "index": place})
            else:
                larger = each["start"] or x > value
                results.append({"value": x if larger else value, "index": place if larger else index})
        shown, kind = iter(results), Pool.SUM if sums else Pool.MAX
        delays, latencies = {"x": 0, "start": 0, "place": 0}, {"value": 1, "index": 1}
        await run(dut, rng, {"kind": kind.value}, elements, delays, latencies, lambda shown=shown, **_: next(shown))


@cocotb.test()
async def centre(dut):
    """x less the mean, with the sign of t."""
    await start(dut, enable=0)
    rng = generator()
    for _ in range(40):
        mean = number(rng, 25)

        def model(x, t, mean=mean):
            return {"value": limited(x - ((t > 0) - (t < 0)) * mean, 25), "t_o": t}

        elements = [{"x": number(rng, 25), "t": number(rng, 13)} for _ in range(COUNT)]
        mask = (1 << 25) - 1
        await run(dut, rng, {"mean": mean & mask}, elements, {"x": 0, "t": 0}, {"value": 2, "t_o": 2}, model)


@cocotb.test()
async def product(dut):
    """a * b + c."""
    await start(dut, enable=0)
    rng = generator()
    elements = [
        {"a": number(rng, 25), "b": number(rng, 18), "c": number(rng, 48), "included": int(rng.random() < 0.8)}
        for _ in range(20 * COUNT)
    ]
    delays = {"a": 0, "b": 0, "c": 0, "included": 2}
    await run(dut, rng, {}, elements, delays, {"value": 3}, lambda a, b, c, included: {"value": (a * b + c) * included})


@cocotb.test()
async def finish(dut):
    """Comparison, saturation and magnitude, of sums next to the limits, too."""
    await start(dut, enable=0)
    rng, ends = generator(), (-(1 << 47), 1 << 47)
    for n in range(120):
        compare, threshold, direct = number(rng, 32), rng.random() < 0.5, n % 3 == 0
        narrow, inner = direct and rng.random() < 0.5, n % 4 == 0

        def model(
            y,
            high,
            rescaled,
            over,
            negative,
            product,
            included,
            compare=compare,
            threshold=threshold,
            direct=direct,
            narrow=narrow,
            inner=inner,
        ):
            limit = limited(-(1 << 60) if negative else 1 << 60, 16 if narrow else 48)
            z = limited(max(y, compare) if threshold else y, 48)
            if direct:
                z = limit if over else rescaled
            return {"z": z, "passed": y >= compare, "magnitude": abs(product if inner else z) * included}

        elements = []
        for _ in range(COUNT):
            added = number(rng, 36)
            summand = rng.choice(ends) + number(rng, 37) if rng.random() < 0.4 else number(rng, 50)
            elements.append(
                {
                    "y": summand + added,
                    "high": summand >> 44,
                    "rescaled": number(rng, 48),
                    "over": rng.getrandbits(1),
                    "negative": rng.getrandbits(1),
                    "product": number(rng, 48),
                    "included": int(rng.random() < 0.8),
                }
            )
        control = {
            "compare": compare & (1 << 32) - 1,
            "threshold": int(threshold),
            "direct": int(direct),
            "narrow": int(narrow),
            "inner": int(inner),
        }
        delays = {"y": 0, "high": 0, "rescaled": 1, "over": 1, "negative": 1, "product": 2, "included": 2}
        await run(dut, rng, control, elements, delays, {"z": 2, "passed": 2, "magnitude": 3}, model)


@cocotb.test()
async def rounder(dut):
    """Codes of fixed point with this unit's fraction bits; beyond the limits only the sign counts."""
    await start(dut, enable=0)
    rng, bits = generator(), len(dut.value)
    for nearest in (0, 1) * 6:

        def model(value, over, random16, nearest=nearest):
            noise = 0x8000 if nearest else random16
            beyond = (1 << 40) if value >= 0 else -(1 << 40)
            return {"code": int(encode(np.array(beyond if over else value), bits - 13, np.array(noise)))}

        elements = [
            {"value": number(rng, bits), "over": int(rng.random() < 0.1), "random16": number(rng, 16) & 0xFFFF}
            for _ in range(8 * COUNT)
        ]
        delays = {"value": 0, "over": 0, "random16": 0}
        await run(dut, rng, {"nearest": nearest}, elements, delays, {"code": 3}, model)
