"""The units of an A-Core's lane, which tests run alone and mutation mutates alone."""

from hw.acore.finish import Finish
from hw.acore.front import Front, Pooling
from hw.acore.narrow import NarrowDecode
from hw.acore.noise import LaneNoise
from hw.acore.normalise import Normalise, NormaliseDecode
from hw.acore.product import Centre, Product
from hw.acore.rescale import RescaleDecode, Shift
from hw.acore.rescaler import Rescaler
from hw.arch.pint import PintFormat
from hw.arith.rounder import Rounder

__all__ = ["LANE_UNITS"]

_LANE, _NOISE, _DECODE = (f"sim.testbench.acore.{name}" for name in ("lane", "noise", "decode"))
#: Units of a lane, and their decoders, by the name of their test: bench and maker.
LANE_UNITS = {
    "shift": (_LANE, lambda: Shift(words=3, bits=29)),
    "rescaler": (_LANE, Rescaler),
    "normalise": (_LANE, Normalise),
    "front": (_LANE, Front),
    "pooling": (_LANE, Pooling),
    "centre": (_LANE, Centre),
    "product": (_LANE, Product),
    "finish": (_LANE, Finish),
    "rounder": (_LANE, lambda: Rounder(pint=PintFormat(), fraction=4)),
    "noise": (_NOISE, LaneNoise),
    "rescale_decode": (_DECODE, RescaleDecode),
    "normalise_decode": (_DECODE, NormaliseDecode),
    "narrow_decode": (_DECODE, NarrowDecode),
}
