"""The A-Core: APUs side by side, and the functions that they share."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arch.acore.config import ACoreConfig
from hw.lib.shared import shared

from .apu import Apu, apu_members
from .functions import Functions

__all__ = ["ACore"]


class ACore(wiring.Component):
    """`apus` APUs; each takes commands and maps of its own channels.

    Latency `LATENCY` = 0: what an APU gives passes unchanged.

    Parameters
    ----------
    config : ACoreConfig

    Members
    -------
    apu_0, apu_1, .. : the streams of :class:`~hw.acore.apu.Apu`

    Raises
    ------
    TypeError
        If `config` is not an ACoreConfig.

    Source: ETA, Section IV-C.
    """

    LATENCY = 0

    def __init__(self, *, config: ACoreConfig):
        if not isinstance(config, ACoreConfig):
            raise TypeError(f"A-Core config must be an ACoreConfig, not {config!r}")
        self._config = config
        members = apu_members(config.lanes, config.acc_bits)
        super().__init__({f"apu_{n}": Out(wiring.Signature(members)) for n in range(config.apus)})

    def elaborate(self, platform):
        m = Module()
        config = self._config
        m.submodules.functions = functions = shared("functions", Functions, apus=config.apus)
        for n in range(config.apus):
            m.submodules[f"apu_{n}"] = apu = shared(f"apu_{n}", Apu, lanes=config.lanes, acc_bits=config.acc_bits)
            for name, member in apu_members(config.lanes, config.acc_bits).items():
                inner, outer = getattr(apu, name), getattr(getattr(self, f"apu_{n}"), name)
                if member.flow is In:
                    wiring.connect(m, wiring.flipped(outer), inner)
                else:
                    wiring.connect(m, inner, wiring.flipped(outer))
            m.d.comb += [
                functions.ask[n].eq(apu.ask),
                functions.asks[n].eq(apu.asks),
                apu.answered.eq(functions.answers[n]),
                apu.answer.eq(functions.answer),
            ]
        return m
