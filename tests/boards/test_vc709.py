"""The platform of the VC709 builds a plan with the pins of its user guide."""

import re

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import io, wiring

from hw.boards.vc709 import VC709Platform

#: Pins by port of the top module (AMD UG887), all LVCMOS18 but the clock.
PINS = {
    "clk_0__p": "H19",
    "clk_0__n": "G18",
    "rst_0__io": "AV40",
    "uart_0__tx__io": "AU36",
    "uart_0__rx__io": "AU33",
    "uart_0__rts__io": "AR34",
    "uart_0__cts__io": "AT32",
    **{f"led_{n}__io": p for n, p in enumerate(("AM39", "AN39", "AR37", "AT37", "AR35", "AP41", "AP42", "AU39"))},
    **{f"switch_{n}__io": p for n, p in enumerate(("AV30", "AY33", "BA31", "BA32", "AW30", "AY30", "BA30", "BB31"))},
    **{f"button_{n}__io": p for n, p in enumerate(("AV39", "AR40", "AU38", "AP40", "AW40"))},
}


class Everything(wiring.Component):
    """Every input of the board, shifted through a register to every output."""

    def __init__(self):
        super().__init__({})

    def elaborate(self, platform):
        m = Module()

        def buffers(direction, *requests):
            for number, request in enumerate(requests):
                m.submodules[f"{direction}_{number}"] = buffer = io.Buffer(direction, request)
                yield buffer.i if direction == "i" else buffer.o

        uart = platform.request("uart", 0, dir="-")
        named = [(name, n) for name, count in (("switch", 8), ("button", 5)) for n in range(count)]
        inputs = Cat(*buffers("i", uart.rx, uart.cts, *(platform.request(*each, dir="-") for each in named)))
        outputs = Cat(*buffers("o", uart.tx, uart.rts, *(platform.request("led", n, dir="-") for n in range(8))))
        register = Signal(32)
        m.d.sync += register.eq(Cat(inputs, register))
        m.d.comb += outputs.eq(register[-10:])
        return m


def build():
    plan = VC709Platform().build(Everything(), do_build=False)
    return {name: text if isinstance(text, str) else text.decode() for name, text in plan.files.items()}


def test_plan_has_the_pins_of_the_board():
    files = build()
    assert {"top.v", "top.xdc", "top.tcl", "build_top.sh"} <= files.keys()
    pins = {
        port: pin for pin, port in re.findall(r'^set_property LOC (\w+) \[get_ports "(\w+)"\]$', files["top.xdc"], re.M)
    }
    assert pins == PINS
    found = {port: std for std, port in re.findall(r'IOSTANDARD "(\w+)" \[get_ports "(\w+)"\]', files["top.xdc"])}
    assert found == {port: "DIFF_SSTL15" if port.startswith("clk") else "LVCMOS18" for port in PINS}


def test_plan_is_for_the_boards_fpga_at_200_mhz():
    files = build()
    assert "create_project -force -name top -part xc7vx690tffg1761-2" in files["top.tcl"]
    assert re.search(r"^create_clock -name clk_0__p -period 5\.0 ", files["top.xdc"], re.M)
    assert "set_property CFGBVS GND [current_design]" in files["top.xdc"]
    assert "set_property CONFIG_VOLTAGE 1.8 [current_design]" in files["top.xdc"]


def test_directions_are_the_fpgas():
    verilog = build()["top.v"]
    module = verilog[re.search(r"^module top\(", verilog, re.M).start() :]
    outputs = {"uart_0__tx__io", "uart_0__rts__io", *(port for port in PINS if port.startswith("led"))}
    found = {name: way for way, name in re.findall(r"^  (input|output|inout) (\w+__\w+);", module, re.M)}
    assert found == {port: "output" if port in outputs else "input" for port in PINS}


def test_no_pin_is_used_twice():
    assert len(set(PINS.values())) == len(PINS)
