"""The AMD (Xilinx) VC709 board: Virtex-7 XC7VX690T, in the manner of amaranth-boards."""

import os
import subprocess

from amaranth.build import Attrs, Clock, DiffPairs, Pins, Resource
from amaranth.vendor import XilinxPlatform
from amaranth_boards.resources import ButtonResources, LEDResources, SwitchResources, UARTResource

__all__ = ["VC709Platform"]


class VC709Platform(XilinxPlatform):
    """Clock, reset, LEDs, switches, buttons and UART of the VC709.

    ==============  ==========================================================  =====================================
    resource        pins                                                        on the board
    ==============  ==========================================================  =====================================
    `clk`           H19 (P), G18 (N)                                            200 MHz LVDS oscillator, bank 38
    `rst`           AV40                                                        push button CPU_RESET, SW8, active high
    `led` 0..7      AM39 AN39 AR37 AT37 AR35 AP41 AP42 AU39                     GPIO_LED_0..7, DS2..DS9
    `switch` 0..7   AV30 AY33 BA31 BA32 AW30 AY30 BA30 BB31                     GPIO_DIP_SW0..7, SW2.1..SW2.8
    `button` 0..4   AV39 AR40 AU38 AP40 AW40                                    C SW6, N SW3, E SW4, S SW5, W SW7
    `uart` 0        AU36 (tx), AU33 (rx), AR34 (rts), AT32 (cts)                CP2103 bridge U44
    ==============  ==========================================================  =====================================

    Directions are the FPGA's: `tx` drives the net USB_UART_RX, pin RXD of the bridge; `rts` drives its CTS.
    Bank 38 is at 1.5 V with the DDR3 memory, so the clock is received as DIFF_SSTL15; all else is at 1.8 V. The
    configuration bank is at 1.8 V: CFGBVS is GND.

    Source: AMD UG887, VC709 Evaluation Board for the Virtex-7 FPGA: System Clock, USB-to-UART Bridge, User I/O (LEDs,
    push buttons, DIP switch, CPU reset).
    """

    device = "xc7vx690t"
    package = "ffg1761"
    speed = "2"
    default_clk = "clk"
    default_rst = "rst"
    resources = [
        Resource("clk", 0, DiffPairs("H19", "G18", dir="i"), Clock(200e6), Attrs(IOSTANDARD="DIFF_SSTL15")),
        Resource("rst", 0, Pins("AV40", dir="i"), Attrs(IOSTANDARD="LVCMOS18")),
        *LEDResources(pins="AM39 AN39 AR37 AT37 AR35 AP41 AP42 AU39", attrs=Attrs(IOSTANDARD="LVCMOS18")),
        *SwitchResources(pins="AV30 AY33 BA31 BA32 AW30 AY30 BA30 BB31", attrs=Attrs(IOSTANDARD="LVCMOS18")),
        *ButtonResources(pins="AV39 AR40 AU38 AP40 AW40", attrs=Attrs(IOSTANDARD="LVCMOS18")),
        UARTResource(0, tx="AU36", rx="AU33", rts="AR34", cts="AT32", role="dte", attrs=Attrs(IOSTANDARD="LVCMOS18")),
    ]
    connectors = []

    def toolchain_prepare(self, fragment, name, **kwargs):
        """Add the voltage of the configuration bank to the constraints."""
        overrides = {
            "add_constraints": "\n".join(
                [
                    "set_property CFGBVS GND [current_design]",
                    "set_property CONFIG_VOLTAGE 1.8 [current_design]",
                    "set_property BITSTREAM.GENERAL.COMPRESS TRUE [current_design]",
                ]
            )
        }
        return super().toolchain_prepare(fragment, name, **{**overrides, **kwargs})

    def toolchain_program(self, products, name, **kwargs):
        """Load the bitstream over the board's USB JTAG with openFPGALoader, or what OPENFPGALOADER names."""
        loader = os.environ.get("OPENFPGALOADER", "openFPGALoader")
        with products.extract(f"{name}.bit") as bitstream:
            subprocess.check_call([loader, "--cable", "digilent", bitstream])
