"""The bring-up test on the pins of a board."""

from amaranth.hdl import Cat, Module
from amaranth.lib import io, wiring
from amaranth.lib.cdc import FFSynchronizer

from hw.lib.shared import Shell

from .bringup import BringUp

__all__ = ["BringUpBoard"]


class BringUpBoard(wiring.Component):
    """Connects the module of a :class:`BringUp`, emitted elsewhere, to a platform.

    It takes `led` 0..7, `uart` 0 and `button` 0, which runs the test again. Clock and reset are the
    platform's defaults.

    Parameters
    ----------
    module : str
        Name of the Verilog module.
    ports : collection of str
        Names of its ports.
    """

    LEDS = 8

    def __init__(self, *, module: str, ports):
        self._module, self._ports = module, ports
        super().__init__({})

    def elaborate(self, platform):
        m = Module()
        m.submodules.core = core = Shell("core", BringUp.MEMBERS, self._module, self._ports)
        m.submodules.button = button = io.Buffer("i", platform.request("button", 0, dir="-"))
        m.submodules.restart = FFSynchronizer(button.i, core.restart)
        uart = platform.request("uart", 0, dir="-")
        m.submodules.tx = tx = io.Buffer("o", uart.tx)
        leds = []
        for n in range(self.LEDS):
            m.submodules[f"led_{n}"] = led = io.Buffer("o", platform.request("led", n, dir="-"))
            leds.append(led.o)
        m.d.comb += [tx.o.eq(core.tx), Cat(leds).eq(core.leds)]
        return m
