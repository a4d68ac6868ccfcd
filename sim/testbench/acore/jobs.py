"""Jobs for the benches of the A-Core: every microprogram on random and adversarial maps."""

import random
from dataclasses import replace

import numpy as np

from gen.compiler.acore import jobs
from gen.compiler.acore.jobs import FIRST_NEED, Job
from hw.arch.acore.constants import Constant
from hw.arch.acore.microcode import microcode
from hw.arch.scalars import Factor, reciprocal
from sim.golden.acore.apu import Apu
from sim.golden.pint import canonical, decode
from sim.rtl.parameters import PARAMETERS

__all__ = ["JOBS", "MAPS", "job", "softmax_jobs"]

#: Width of the stream of sums, and of sums that stay within 48 bits with what is added to them.
ACC_BITS = PARAMETERS.get("acc_bits", 36)
SUM_BITS = min(ACC_BITS, 46)
#: Kinds of maps of sums.
MAPS = ("random", "zeros", "spike", "largest", "least", "alternating", "ones", "small")
#: Microprograms that `job` makes; those of softmax belong together.
JOBS = tuple(name for name in microcode().jobs if not name.startswith("softmax"))


def _sums(rng, count: int, kind: str, bits: int = SUM_BITS) -> np.ndarray:
    top = (1 << bits - 1) - 1
    return {
        "random": lambda: rng.integers(-top - 1, top, count, endpoint=True) >> int(rng.integers(0, bits - 1)),
        "zeros": lambda: np.zeros(count, np.int64),
        "spike": lambda: np.where(np.arange(count) == rng.integers(count), -top - 1, 0),
        "largest": lambda: np.full(count, top),
        "least": lambda: np.full(count, -top - 1),
        "alternating": lambda: np.where(np.arange(count) % 2, top, -top - 1),
        "ones": lambda: np.ones(count, np.int64),
        "small": lambda: rng.integers(-3, 4, count),
    }[kind]()


def _codes(rng, count: int) -> np.ndarray:
    edges = canonical(np.array([-4096, 4032, 0, 1, -1, 7, -8, 8, 504, -512, 512, -576]))
    return np.where(rng.random(count) < 0.2, rng.choice(edges, count), canonical(decode(rng.integers(0, 256, count))))


def _any(rng, bits: int) -> int:
    """A signed number of any size; one in five at an end."""
    if rng.random() < 0.2:
        return int(rng.choice([-(1 << bits - 1), (1 << bits - 1) - 1, 0, -1]))
    return int(rng.integers(-(1 << bits - 1), 1 << bits - 1) >> int(rng.integers(0, bits)))


def _keys(rng) -> dict[str, int]:
    return {f"key{n}": int(rng.integers(0, 1 << 63)) for n in range(2)}


def _channel(rng) -> dict[str, int]:
    bits = {"gamma": 32, "beta": 32, "tau": 32, "v_gamma": 25, "v_beta": 25, "v_tau": 25}
    bits |= {"d_gamma": 56, "d_beta": 56, "d_tau": 56}
    return {f"channel.{name}": _any(rng, width) for name, width in bits.items()}


def _started(made: Job, rng, **words: int) -> Job:
    """The job with records that hold anything, and the statistics of a new tensor."""
    start = {"need": FIRST_NEED, "saturated": 3, "saturated1": 5}
    nearest = {Constant.NEAREST: int(rng.random() < 0.1)}
    return replace(
        made, words={**_channel(rng), **start, **made.words, **words}, constants={**made.constants, **nearest}
    )


def _fitting(made: Job, rng) -> Job:
    """The job, in three of four cases with the output's exponent that training's scales would give it, or one near."""
    if rng.random() < 0.25:
        return made
    apu, narrow = Apu(), made.name in ("velocity", "velocity_add")
    apu.run(made)
    if apu.memory[apu.word("need")] == FIRST_NEED:
        return made
    bits = apu.memory[apu.word("need")] - made.words["need_offset"]
    shift = bits - (15 if narrow else 12) + int(rng.integers(-1, 5))
    if narrow:
        return replace(made, constants={**made.constants, Constant.RESCALE: jobs.rescale_position(shift, 31)})
    if "error_shift" in made.words:
        return replace(made, words={**made.words, "error_shift": 31 - shift})
    return replace(made, constants={**made.constants, Constant.CONVERT: jobs.convert_position(shift)})


def _forward(name: str, rng, count: int, kind: str) -> Job:
    x = _sums(rng, count, kind)
    total = int(np.abs(x).sum()) if rng.random() < 0.8 else (1 << 48) - 1 - int(rng.integers(0, 3))
    e_shortcut, shortcut = int(rng.integers(-45, 14)), _codes(rng, count) if name.endswith("_add") else None
    if shortcut is not None and rng.random() < 0.25:  # Some at the ends of 48 bits, where the product decides.
        e_shortcut = int(rng.integers(11, 14))
        end = rng.choice([-1, 1]) << 47 - 24 - e_shortcut
        shortcut = np.where(rng.random(count) < 0.5, canonical(np.array(min(end, 4032))), shortcut)
    return jobs.forward(
        x,
        e_a=int(rng.integers(-45, 20)),
        index=int(rng.integers(0, 1 << 32)),
        total=total,
        tlu=not name.endswith("linear"),
        shortcut=shortcut,
        e_shortcut=e_shortcut,
        **_keys(rng),
    )


def _error(name: str, rng, count: int, kind: str) -> tuple[dict, dict]:
    """Streams and exponents of an error at the output."""
    streams = {}
    if not name.endswith(("_codes", "_all")):
        streams["wide"] = _sums(rng, count, kind)
    if name.endswith(("_codes", "_all", "_add")):
        streams["code"] = _codes(rng, count)
    if not name.endswith("_all") and not name.startswith("convert"):
        streams["bits"] = rng.integers(0, 2, count)
    e = int(rng.integers(-45, -10))
    scale = reciprocal(int(rng.integers(1, 50)))[0] if rng.random() < 0.5 else int(rng.integers(0, 1 << 17))
    return streams, {
        "e": e,
        "e_code": e + int(rng.integers(-20, 40)),
        "scale": scale,
        "index": int(rng.integers(0, 1 << 32)),
    }


def _backward(name: str, rng, count: int, kind: str) -> Job:
    streams, exponents = _error(name, rng, count, kind)
    bits = max(int(np.abs(each).max()).bit_length() for each in streams.values())
    ed = exponents["e"] + int(rng.integers(-30, 40) if rng.random() < 0.25 else rng.integers(bits - 27, bits + 2))
    ex = int(rng.integers(-30, -5))
    m, el = int(rng.integers(0, 1 << 17)), int(rng.integers(-55, -15))
    e_e = ed + 3 - ex + el + int(rng.integers(-40, 64))
    made = jobs.backward_jobs(streams, _codes(rng, count), ed=ed, ex=ex, e_e=e_e, key1=_keys(rng)["key1"], **exponents)[
        name.startswith("frn_error")
    ]
    return _started(made, rng, **{"map.m": m, "map.el": el, "map.g16": _any(rng, 16), "map.dgn": _any(rng, 50)})


def _update(name: str, rng, count: int, kind: str) -> Job:
    """A pass of a weight update."""
    pint = "pint" in name

    def weights() -> np.ndarray:
        return _codes(rng, count) if pint else np.array([_any(rng, 16) for _ in range(count)])

    def rate() -> Factor:
        return Factor.nearest(float(rng.uniform(0, 2) ** 8)) if rng.random() < 0.9 else Factor.nearest(0)

    e_v, index, key = int(rng.integers(-30, 5)), int(rng.integers(0, 1 << 32)), _keys(rng)
    e_w = int(rng.integers(-14, -8)) if pint else -12
    if name.startswith("decay"):
        return jobs.decay(weights(), rate(), e_v=e_v + int(rng.integers(-20, 20)), e_w=e_w, pint=pint)
    if name.startswith("velocity"):
        return jobs.velocity(
            weights(),
            _codes(rng, count),
            e_g=int(rng.integers(-60, 30)),
            e_v=e_v,
            e_v_new=e_v + int(rng.integers(-20, 30)),
            index=index,
            noise=key["key0"],
            pint=pint,
            decayed=_sums(rng, count, kind, min(SUM_BITS, 36)) if "add" in name else None,
        )
    factor = rate()
    if rng.random() < 0.75:  # Such that it moves the weight by some of its bits.
        e_v = e_w - 20 * pint - factor.e - int(rng.integers(-6, 12) if pint else rng.integers(14, 34))
    return jobs.update(
        weights(),
        weights(),
        factor,
        e_v=e_v,
        e_w=e_w,
        e_w8=e_w + int(rng.integers(-2, 20)),
        index=index,
        pint=pint,
        **key,
    )


def _pool(name: str, rng, count: int) -> Job:
    group = int(rng.integers(1, 10))
    streams = {"code": np.stack([_codes(rng, count) for _ in range(group)])}
    if name == "max_pool_backward":
        streams["side"] = rng.integers(0, 4, (group, count)) << 8 | rng.integers(0, 4, (group, count))
    if name in ("max_pool", "max_pool_backward"):
        return jobs.pool(name, streams)
    factor, shift = reciprocal(group)
    return jobs.pool(name, streams, factor=factor, e=-shift, e_o=int(rng.integers(-9, 3)), key1=_keys(rng)["key1"])


def job(name: str, rng, count: int, kind: str) -> Job:
    """A job of this microprogram on `count` elements of a map of this kind."""
    made = _any_job(name, rng, count, kind)
    return _fitting(made, rng) if "need_offset" in made.words else made


def _any_job(name: str, rng, count: int, kind: str) -> Job:
    """The same, with any exponents."""
    if name == "frn_sum":
        return Job(name, {}, {Constant.COUNT: count, Constant.GROUP: 1}, {"wide": _sums(rng, count, kind)})
    if name.startswith("frn_forward"):
        return _started(_forward(name, rng, count, kind), rng)
    if name.startswith(("frn_sums", "frn_error")):
        return _backward(name, rng, count, kind)
    if name in ("tlu_backward", "convert") or name.startswith(("tlu_backward_", "convert_")):
        streams, exponents = _error(name, rng, count, kind)
        e_o, stride = exponents["e"] + int(rng.integers(-5, 40)), int(rng.integers(1, 1 << 32))
        made = jobs.convert(streams, e_o=e_o, stride=stride, key1=_keys(rng)["key1"], **exponents)
        return _started(made, rng)
    if name in ("tlu_forward", "add_bias"):
        e = int(rng.integers(-40, 0))
        settings = {
            "index": int(rng.integers(0, 1 << 32)),
            "key1": _keys(rng)["key1"],
            "stride": int(rng.integers(1, 1 << 32)),
        }
        made = jobs.tlu_forward(_sums(rng, count, kind), e=e, e_a=int(rng.integers(-30, 5)), **settings)
        return replace(_started(made, rng), name=name)
    if name == "sum_codes":
        constants = {Constant.COUNT: count, Constant.GROUP: 1, Constant.SHIFT: 16, Constant.RESCALE: 16}
        return _started(Job(name, {}, constants, {"code": _codes(rng, count)}), rng)
    if name in ("average_pool", "max_pool", "pool_sum", "max_pool_backward"):
        return _started(_pool(name, rng, count), rng)
    if name in ("update", "update_pint") or name.startswith(("decay", "velocity")):
        return _started(_update(name, rng, count, kind), rng)
    rate = Factor.nearest(float(rng.uniform(0, 2) ** 8))
    shifts = {each: int(rng.integers(-60, 10)) for each in ("gamma", "beta", "tau")}
    return _started(jobs.parameters(name, rate, shifts), rng)


def softmax_jobs(rng, classes: int, label: int) -> tuple[Job, ...]:
    """The three jobs of an image's error."""
    logits = _sums(rng, classes, random.Random(int(rng.integers(1 << 30))).choice(MAPS), 24)
    first, second, third = jobs.softmax(logits, label, e=int(rng.integers(-25, -8)))
    first.words |= {"need": FIRST_NEED}
    apu = Apu()
    apu.run(first)
    third.streams["wide"] = apu.run(second)["result"]
    return first, second, third
