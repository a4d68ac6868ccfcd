"""Rounding noise of a lane: two random numbers an element, each kept until its rounding."""

from amaranth.hdl import Module, Signal, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.arith.random16 import Random16
from hw.lib.memory.ring import DEPTH, Ring
from hw.lib.shared import shared

__all__ = ["NOISES", "LaneNoise", "NoiseControl"]

#: Roundings of one element.
NOISES = 2


class NoiseControl(data.Struct):
    """What the noise of all lanes has in common."""

    clear: unsigned(1)  #: the lane's index is 0 from now on
    load: unsigned(1)  #: add to the lane's index
    way: unsigned(32)  #: what is added
    issue: unsigned(1)  #: an element starts
    keys: data.ArrayLayout(unsigned(64), NOISES)  #: keys of the two tensors
    write_address: range(DEPTH)  #: ring word of the next number
    read_address: data.ArrayLayout(range(DEPTH), NOISES)  #: ring words of the next roundings


class LaneNoise(wiring.Component):
    """random16(index, key) of the elements of a lane, in their order, for two keys.

    Members
    -------
    enable : In(1)
        The lane advances; else all but numbers under way hold.
    control : In(NoiseControl)
    pushed : Out(1)
        A number enters the rings in this cycle.
    random16 : Out(16), [2]
        Numbers at the read addresses.

    Source: numerics.md Section 2.
    """

    enable: In(1)
    control: In(NoiseControl)
    pushed: Out(1)
    random16: Out(data.ArrayLayout(unsigned(16), NOISES))

    def elaborate(self, platform):
        m = Module()
        control = self.control
        index = Signal(32, reset_less=True)
        issue = Signal()
        m.d.comb += issue.eq(control.issue & self.enable)
        with m.If(control.clear):
            m.d.sync += index.eq(0)
        with m.Elif(control.load | issue):
            m.d.sync += index.eq(index + control.way)
        for n in range(NOISES):
            m.submodules[f"random_{n}"] = unit = shared(f"random_{n}", Random16)
            m.submodules[f"ring_{n}"] = ring = shared(f"ring_{n}", Ring, width=16)
            push = Signal(name=f"push_{n}")
            m.d.comb += [
                unit.key.eq(control.keys[n]),
                unit.i.payload.eq(index),
                unit.i.valid.eq(issue),
                unit.o.ready.eq(self.enable),
                push.eq(unit.o.valid & self.enable),
                ring.write.eq(push),
                ring.write_address.eq(control.write_address),
                ring.write_data.eq(unit.o.payload),
                ring.read_address.eq(control.read_address[n]),
                self.random16[n].eq(ring.read_data),
            ]
            if n == 0:
                m.d.comb += self.pushed.eq(push)
        return m
