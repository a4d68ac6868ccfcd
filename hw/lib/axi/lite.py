"""An AXI4-Lite port as one access at a time."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["AXIL_MEMBERS", "AxiLite"]

_OKAY, _SLVERR = 0, 2

#: Ports with their standard names, less the prefix.
AXIL_MEMBERS = {
    "awaddr": In(32),
    "awprot": In(3),
    "awvalid": In(1),
    "awready": Out(1),
    "wdata": In(32),
    "wstrb": In(4),
    "wvalid": In(1),
    "wready": Out(1),
    "bresp": Out(2),
    "bvalid": Out(1),
    "bready": In(1),
    "araddr": In(32),
    "arprot": In(3),
    "arvalid": In(1),
    "arready": Out(1),
    "rdata": Out(32),
    "rresp": Out(2),
    "rvalid": Out(1),
    "rready": In(1),
}


class AxiLite(wiring.Component):
    """Takes a write or a read, shows it as `access` until `done`, and gives its response.

    Writes come first where both wait. A write of part of a word, and an access with `error`, answer SLVERR.

    Members
    -------
    AXIL_MEMBERS with the prefix `s_axil_`
    access, write : Out(1), address, data : Out(32)
        The access, unchanged until `done`.
    done, error : In(1), answer : In(32)

    Source: AMBA AXI4-Lite, ARM IHI 0022.
    """

    def __init__(self):
        super().__init__(
            {f"s_axil_{name}": member for name, member in AXIL_MEMBERS.items()}
            | {"access": Out(1), "write": Out(1), "address": Out(32), "data": Out(32)}
            | {"done": In(1), "error": In(1), "answer": In(32)}
        )

    def elaborate(self, platform):
        m = Module()
        whole, response = Signal(), Signal(2)
        writes, reads = Signal(), Signal()
        with m.FSM():
            with m.State("idle"):
                m.d.comb += [
                    writes.eq(self.s_axil_awvalid & self.s_axil_wvalid),
                    reads.eq(self.s_axil_arvalid & ~writes),
                    self.s_axil_awready.eq(writes),
                    self.s_axil_wready.eq(writes),
                    self.s_axil_arready.eq(reads),
                ]
                m.d.sync += [
                    self.write.eq(writes),
                    self.address.eq(Mux(writes, self.s_axil_awaddr, self.s_axil_araddr)),
                    self.data.eq(self.s_axil_wdata),
                    whole.eq(~writes | self.s_axil_wstrb.all()),
                ]
                with m.If(writes | reads):
                    m.next = "access"
            with m.State("access"):
                m.d.comb += self.access.eq(whole)
                m.d.sync += [
                    response.eq(Mux(whole & ~self.error, _OKAY, _SLVERR)),
                    self.s_axil_rdata.eq(self.answer),
                ]
                with m.If(self.done | ~whole):
                    m.next = "respond"
            with m.State("respond"):
                m.d.comb += [
                    self.s_axil_bvalid.eq(self.write),
                    self.s_axil_rvalid.eq(~self.write),
                    self.s_axil_bresp.eq(response),
                    self.s_axil_rresp.eq(response),
                ]
                with m.If(Mux(self.write, self.s_axil_bready, self.s_axil_rready)):
                    m.next = "idle"
        return m
