"""Emission: each distinct module once, readable names, the same bytes, the same ports."""

import os
import re
import subprocess
import sys

import pytest
from amaranth.hdl import Module, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from gen.verilog.emit import emit
from gen.verilog.tidy import Port, module_ports
from hw.arch.array.config import ArrayConfig
from hw.array.array import Array
from hw.lib.shared import Shell, shared


class Adder(wiring.Component):
    """A small leaf with a submodule of its own, a struct, an array and a stream among its ports."""

    def __init__(self, *, width, negate=False):
        self.negate = negate
        super().__init__(
            {
                "a": In(signed(width)),
                "pair": In(data.StructLayout({"x": 3, "y": signed(2)})),
                "q": Out(signed(width)).array(2),
                "s": In(stream.Signature(4)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.inner = inner = Inner()
        total = Signal.like(self.a)
        m.d.comb += [total.eq(self.a + self.pair.x + self.pair.y), inner.i.eq(self.s.payload), self.s.ready.eq(inner.o)]
        m.d.sync += [self.q[0].eq(-total if self.negate else total), self.q[1].eq(self.q[0])]
        return m


class Inner(wiring.Component):
    i: In(4)
    o: Out(1)

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.o.eq(self.i.any())
        return m


class Named(Inner):
    module_name = "any_bit"


class Middle(wiring.Component):
    a: In(signed(8))
    q: Out(signed(8))

    def elaborate(self, platform):
        m = Module()
        a = self.a
        for i in range(4):
            m.submodules[f"adder_{i}"] = adder = shared(f"adder_{i}", Adder, width=8, negate=i == 2)
            m.submodules[f"bit_{i}"] = bit = shared(f"bit_{i}", Named)
            m.d.comb += [adder.a.eq(a), adder.pair.x.eq(i), bit.i.eq(i)]
            a = adder.q[bool(i)]
        m.d.comb += self.q.eq(a)
        return m


class Outer(wiring.Component):
    a: In(signed(8))
    q: Out(signed(8))

    def elaborate(self, platform):
        m = Module()
        for i in range(2):
            m.submodules[f"middle_{i}"] = middle = shared(f"middle_{i}", Middle)
            m.d.comb += middle.a.eq(self.a)
        m.d.comb += self.q.eq(middle.q)
        return m


@pytest.fixture(scope="module")
def text():
    return emit(Outer(), "outer")


def modules(text):
    return re.findall(r"^module (\w+)", text, re.MULTILINE)


def test_each_module_is_emitted_once_and_before_its_users(text):
    adders = ["adder", "adder__inner", "any_bit", "adder_negate", "adder_negate__inner"]
    assert modules(text) == [*adders, "middle", "outer"]


def test_names_are_plain(text):
    assert "\\" not in text
    assert "Shared" not in text
    assert not [name for name in re.findall(r"[A-Za-z_]\w*", text) if "verilog_backend" in name]


def test_ports_are_in_the_order_of_the_signature(text):
    assert module_ports(text, "adder") == [
        Port("clk", "input", 1),
        Port("rst", "input", 1),
        Port("a", "input", 8),
        Port("pair", "input", 5),
        Port("q__0", "output", 8),
        Port("q__1", "output", 8),
        Port("s__payload", "input", 4),
        Port("s__valid", "input", 1),
        Port("s__ready", "output", 1),
    ]
    with pytest.raises(ValueError, match="must have a module 'nothing'"):
        module_ports(text, "nothing")


def test_names_of_the_top_and_of_a_shared_module_do_not_clash():
    assert modules(emit(Outer(), "middle"))[-2:] == ["middle_2", "middle"]


def test_a_keyword_and_equal_names_become_plain_names():
    class Keywords(wiring.Component):
        a: In(2)
        q: Out(4)

        def elaborate(self, platform):
            m = Module()
            first, second = Signal(2, name="begin"), Signal(2, name="begin")
            m.d.sync += [first.eq(self.a), second.eq(first), self.q.eq(first + second)]
            return m

    text = emit(Keywords(), "keywords")
    assert {"begin_", "begin__1"} & set(re.findall(r"reg (?:\[1:0\] )?(\w+)", text))
    assert "\\" not in text


def test_shared_is_the_component_itself_outside_of_a_collection():
    component = shared("adder", Adder, width=8)
    assert isinstance(component, Adder)
    emit(component, "adder")


def test_shell_refuses_a_port_that_its_signature_lacks():
    shell = Shell("inner", wiring.Signature({"i": In(1)}), "inner", ["i", "j"])
    with pytest.raises(ValueError, match="Ports of module inner must be in its signature, not j"):
        emit(shell, "top")


def test_full_array_is_small_and_once():
    text = emit(Array(config=ArrayConfig()), "array")
    assert len(modules(text)) == len(set(modules(text))) <= 50
    assert len(text) <= 1_500_000


def test_same_bytes_whatever_the_hash_seed(tmp_path):
    outputs = []
    for seed in ("1", "2"):
        out = tmp_path / seed
        command = [sys.executable, "-m", "gen.cli", "generate", "array", "--clusters", "2", "--channels", "2"]
        subprocess.run([*command, "--out", str(out)], env={**os.environ, "PYTHONHASHSEED": seed}, check=True)
        outputs.append({file.name: file.read_bytes() for file in out.iterdir()})
    assert outputs[0] == outputs[1]
    assert {"array.v", "array.xdc", "array.tcl", "DSP48E1.v", "manifest.json"} < set(outputs[0])
