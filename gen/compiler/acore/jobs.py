"""Jobs of the APU: the constants and memory words that a controller sets for each microprogram.

Exponents are known before a job starts (delayed scales), so shifts are differences that the controller takes; what
depends on the data of a map, the microprogram finds itself. Shifts are clamped where more changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hw.arch.acore.constants import CONVERT_LARGEST, CONVERT_LEAST, Constant
from hw.arch.scalars import Factor, reciprocal

__all__ = [
    "FIRST_NEED",
    "Job",
    "LARGEST_SHIFT",
    "backward_jobs",
    "convert",
    "convert_position",
    "decay",
    "forward",
    "keys",
    "parameters",
    "pool",
    "rescale_position",
    "softmax",
    "tlu_forward",
    "update",
    "velocity",
]

#: `need` before the first map of a tensor: less than any.
FIRST_NEED = -1024
#: A shortcut's exponent is at most 13, for y has 48 bits at 2^-24: its codes are shifted by no more to meet y.
LARGEST_SHIFT = 13 + 24
_MOMENTUM = 58982  # 0.9 * 2^16
#: Places below the unit of weights in PINT8 that an update keeps until it rounds.
_POINT = 20


@dataclass
class Job:
    """A microprogram with all that it reads.

    name : of the microprogram
    words : memory words by name, set before
    constants : of the chain, set before
    streams : input arrays by name, of shape [element] or [group][element], which are passed on as they are
    """

    name: str
    words: dict[str, int] = field(default_factory=dict)
    constants: dict[Constant, int] = field(default_factory=dict)
    streams: dict[str, Any] = field(default_factory=dict)


def _clamp(value: int, low: int, high: int) -> int:
    return max(low, min(int(value), high))


def rescale_position(shift: int, origin: int = 16) -> int:
    """Constant `rescale` of a shift right; the origin of noise16 is 31."""
    return _clamp(origin - shift, -33, 63)


def convert_position(shift: int) -> int:
    """Constant `convert` of a shift right."""
    return _clamp(31 - shift, CONVERT_LEAST, CONVERT_LARGEST)


def _shift(shift: int) -> int:
    """A shift of the scalar unit."""
    return _clamp(shift, -128, 127)


def keys(**named: int) -> dict[Constant, int]:
    """Constants of the keys `key0` and `key1`."""
    found = {}
    for name, key in named.items():
        low = Constant[f"{name.upper()}_LOW"]
        found |= {low: key & 0xFFFFFFFF, Constant(low + 1): key >> 32}
    return found


def _map(count: int, index: int, group: int = 1, stride: int = 1) -> dict[Constant, int]:
    return {Constant.COUNT: count, Constant.GROUP: group, Constant.INDEX: index, Constant.STRIDE: stride}


def _narrow(shift: int) -> dict[Constant, int]:
    """Constant of a code that is added, shifted left."""
    if shift > LARGEST_SHIFT:
        raise ValueError(f"Shift of a code must be at most {LARGEST_SHIFT}, not {shift}")
    return {Constant.SHIFT: max(16 + shift, 0)}


def forward(
    x, *, e_a: int, index: int, key0: int, key1: int, total: int, shortcut=None, e_shortcut: int = 0, tlu: bool = True
) -> Job:
    """FRN forward of the sums x of one image and channel; `total` is the sum of |x|, `shortcut` codes to add."""
    pixels = len(x)
    bits = pixels.bit_length()
    words = {"n": pixels, "n_bits": bits, "n_scaled": pixels << 34 - bits, "need_offset": -36, "map.sum": total}
    constants = {Constant.CONVERT: convert_position(e_a + 24), **_map(pixels, index), **keys(key0=key0, key1=key1)}
    if shortcut is not None:
        constants |= _narrow(e_shortcut + 24)
        return Job("frn_forward_add", words, constants, {"wide": x, "code": shortcut})
    return Job("frn_forward" if tlu else "frn_forward_linear", words, constants, {"wide": x})


def _error_source(streams: Mapping[str, Any], e: int, e_code: int, scale: int) -> tuple[str, dict]:
    """Suffix of the microprogram, and constants, of an error that comes as sums, as sums and codes, or as codes."""
    if "code" not in streams:
        return "", {}
    if "wide" in streams:
        return "_add", _narrow(min(e_code - e, 30))
    return "_codes" if "bits" in streams else "_all", {Constant.SCALE: scale}


def backward_jobs(
    streams: Mapping[str, Any],
    xq,
    *,
    e: int,
    ed: int,
    ex: int,
    e_e: int,
    index: int,
    key1: int,
    e_code: int = 0,
    scale: int = 1,
) -> tuple[Job, Job]:
    """FRN backward of one image and channel: the job of the sums, and that of the error.

    Parameters
    ----------
    streams : dict
        `wide`, `code`, `bits` as far as the error at the output has them.
    xq : array of codes
    e, ed, ex, e_e : int
        Exponents of the error at the output, of dd, of the sums forward, of the error at the sums.
    e_code : int
        Exponent of the codes that are added.
    scale : int
        Factor of codes without sums: the reciprocal of an average pool.
    """
    pixels = len(xq)
    suffix, extra = _error_source(streams, e, e_code, scale)
    constants = {Constant.RESCALE: rescale_position(ed - e), **_map(pixels, index), **extra}
    given = {**streams, "side": xq}
    sums = Job(f"frn_sums{suffix}", {"need_offset": e - 20}, {**constants, Constant.FACTOR0: 1}, given)
    bits = pixels.bit_length()
    words = {
        "mean_shift": 8 + bits - 1,
        "reciprocal": reciprocal(pixels)[0],
        "error_shift": 31 - (e_e - (ed + 3 - ex)),
        "need_offset": ed + 3 - ex - 12,
    }
    return sums, Job(f"frn_error{suffix}", words, {**constants, **keys(key1=key1)}, given)


def convert(
    streams: Mapping[str, Any],
    *,
    e: int,
    e_o: int,
    index: int,
    key1: int,
    e_code: int = 0,
    scale: int = 1,
    stride: int = 1,
) -> Job:
    """TLU backward where there are `bits`, else the plain conversion, of sums with or without a second branch."""
    suffix, extra = _error_source(streams, e, e_code, scale)
    name = f"tlu_backward{suffix}" if "bits" in streams else f"convert{suffix}"
    count = len(next(iter(streams.values())))
    constants = {Constant.CONVERT: convert_position(e_o - e), **_map(count, index, 1, stride), **extra}
    constants |= keys(key1=key1)
    return Job(name, {"need_offset": e - 12}, constants, dict(streams))


def tlu_forward(x, *, e: int, e_a: int, index: int, key1: int, stride: int) -> Job:
    """Bias, TLU and conversion of one output of a hidden FC over the batch."""
    constants = {Constant.CONVERT: convert_position(e_a + 24), Constant.RESCALE: rescale_position(-24 - e)}
    constants |= {**_narrow(8), **_map(len(x), index, 1, stride), **keys(key1=key1)}
    return Job("tlu_forward", {"align": _shift(e + 24), "need_offset": -36}, constants, {"wide": x})


def pool(
    name: str,
    streams: Mapping[str, Any],
    *,
    factor: int = 1,
    e: int = 0,
    e_o: int = 0,
    index: int = 0,
    key1: int = 0,
) -> Job:
    """A pool over [group][window] codes: `average_pool`, `max_pool`, `pool_sum` or `max_pool_backward`."""
    group, count = len(streams["code"]), len(streams["code"][0])
    constants = {Constant.FACTOR0: factor, Constant.CONVERT: convert_position(e_o - e), **_narrow(0)}
    constants |= {**_map(count, index, group), **keys(key1=key1)}
    return Job(name, {"need_offset": e - 12}, constants, dict(streams))


def _weights(count: int, index: int, factor: int) -> dict[Constant, int]:
    return {Constant.FACTOR0: factor, **_map(count, index)}


def decay(w, factor: Factor, *, e_v: int, e_w: int, pint: bool) -> Job:
    """Weight decay's part of the velocity, wide: rsh(W * wm, (eV-16) - (eW+we)); w as for :func:`update`."""
    constants = {Constant.RESCALE: rescale_position(e_v - 16 - (e_w + factor.e)), **_weights(len(w), 0, factor.m)}
    return Job("decay_pint" if pint else "decay", {}, constants, {"side": w})


def velocity(v, gradient, *, e_g: int, e_v: int, e_v_new: int, index: int, noise: int, pint: bool, decayed=None) -> Job:
    """New velocity, the first pass of a weight update: INT16 v with codes of the gradient, or codes of both.

    `noise` is the key of class V; `decayed` is what :func:`decay` gave.
    """
    exponent = e_v - 16
    shift = e_v_new - exponent
    rounding = {Constant.CONVERT: convert_position(shift)} if pint else {Constant.RESCALE: rescale_position(shift, 31)}
    constants = {
        **rounding,
        **_narrow(min(e_g - exponent, 34)),
        **keys(**{"key1" if pint else "key0": noise}),
        **_weights(len(v), index, _MOMENTUM),
    }
    streams = {"code": gradient, "side": v} | ({} if decayed is None else {"wide": decayed})
    name = "velocity" + "_pint" * pint + "_add" * (decayed is not None)
    return Job(name, {"need_offset": exponent - (12 if pint else 15)}, constants, streams)


def update(v, w, rate: Factor, *, e_v: int, e_w: int, e_w8: int, index: int, key0: int, key1: int, pint: bool) -> Job:
    """New weight, the second pass: the new v at its exponent e_v, and w, both INT16 or both codes.

    e_w8 is the new exponent of the codes of w; `key0` is the key of class W, `key1` of class W8.
    """
    moved = e_w - _POINT if pint else e_w
    words = {"need_offset": moved - 12}
    step = moved - (e_v + rate.e)
    constants = {
        Constant.RESCALE: rescale_position(step) if pint else rescale_position(step, 31),
        Constant.CONVERT: convert_position(e_w8 - moved),
        **keys(key0=key0, key1=key1),
        **_weights(len(w), index, rate.m),
    }
    if pint:
        return Job("update_pint", words, {**constants, **_narrow(_POINT)}, {"side": v, "code": w})
    return Job("update", words, constants, {"side": v, "wide": w})


def parameters(name: str, rate: Factor, shifts: Mapping[str, int]) -> Job:
    """Update of a channel's parameters; `shifts` are the exponents of their gradients, by name."""
    words = {f"{each}_shift": _shift(-13 - e) for each, e in shifts.items()}
    return Job(name, {"rate": rate.m, "rate_shift": _shift(-11 - rate.e), **words})


def softmax(logits, label: int, *, e: int) -> tuple[Job, Job, Job]:
    """The three jobs of an image's error; the last takes what the second gives."""
    words = {"classes": len(logits), "align": _shift(-12 - e), "label": label, "need_offset": -28}
    streams = {"wide": logits}
    return (
        Job("softmax_maximum", words, {}, streams),
        Job("softmax_exponentials", {}, {}, streams),
        Job("softmax_error"),
    )
