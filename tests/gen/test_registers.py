"""The map of registers in other tools' words: systemrdl-compiler, a C++ compiler and a reader of csr.csv agree."""

import csv
import shutil
import subprocess

import pytest
from systemrdl import RDLCompileError, RDLCompiler
from systemrdl.node import MemNode, RegNode

from gen.verilog.registers import csr, header, rdl
from hw.arch.registers import Access, Bits, Entry, RegisterMap, Registers
from hw.arch.taxonn.config import FixedFormat, TaxonnConfig
from hw.arch.taxonn.registers import LayerRegister, Register, layer_register, register_map, weight_address

CONFIG = TaxonnConfig((3, 4, 2), ("relu", "softmax"), (FixedFormat(2, 6), FixedFormat(3, 10)))
MAP = register_map(CONFIG)


def compiled(text, tmp_path):
    path = tmp_path / "registers.rdl"
    path.write_text(text)
    compiler = RDLCompiler()
    compiler.compile_file(str(path))
    return compiler.elaborate().top


def test_systemrdl_reads_the_same_map(tmp_path):
    top = compiled(rdl(MAP), tmp_path)
    nodes = list(top.children(unroll=True))
    found = {
        node.inst_name: (node.absolute_address, node.has_sw_readable, node.has_sw_writable)
        for node in nodes
        if isinstance(node, RegNode)
    }
    assert found == {
        entry.name: (entry.address, entry.register.access.reads, entry.register.access.writes) for entry in MAP.entries
    }
    assert found["STATUS"] == (0x00, True, False)
    assert found["RESTART"] == (0x04, False, True)
    assert found["LAYER_1_KEY_HIGH"] == (layer_register(1, LayerRegister.KEY_HIGH), True, True)
    memories = {node.inst_name: node for node in nodes if isinstance(node, MemNode)}
    for layer, (rows, columns) in enumerate(((4, 4), (2, 5))):
        memory = memories.pop(f"WEIGHTS_{layer}")
        last = memory.absolute_address + memory.size - 4
        assert (memory.absolute_address, last) == (
            weight_address(layer, 0, 0),
            weight_address(layer, rows - 1, columns - 1),
        )
    assert not memories
    rates = [top.get_child_by_name(f"LAYER_{layer}_RATE").get_child_by_name("ALPHA") for layer in (0, 1)]
    assert [(rate.low, rate.width, rate.get_property("reset")) for rate in rates] == [(0, 8, 0), (0, 13, 0)]


@pytest.mark.parametrize("right, wrong", [("@ 0x8;", "@ 0x0;"), ("sw = r;", "sw = q;"), ("reg {", "rag {")])
def test_systemrdl_refuses_a_broken_map(right, wrong, tmp_path):
    assert right in rdl(MAP)
    with pytest.raises(RDLCompileError):
        compiled(rdl(MAP).replace(right, wrong, 1), tmp_path)


def test_the_c_header_gives_the_same_addresses(tmp_path):
    (tmp_path / "registers.h").write_text(header(MAP))
    values = {
        "TAXONN_STATUS": Register.STATUS,
        "TAXONN_STATUS_BUSY_MASK": 1,
        "TAXONN_CYCLES_UPDATE": Register.CYCLES_UPDATE,
        "TAXONN_LAYERS": 2,
        "TAXONN_LAYER_1_RATE": layer_register(1, LayerRegister.RATE),
        "TAXONN_LAYER_1_RATE_ALPHA_MASK": 0x1FFF,
        "TAXONN_LAYER_KEY_LOW(1)": layer_register(1, LayerRegister.KEY_LOW),
        "TAXONN_WEIGHTS(1, 1, 3)": weight_address(1, 1, 3),
    }
    lines = "".join(f'    printf("%lu\\n", (unsigned long)({name}));\n' for name in values)
    source = f'#include <stdio.h>\n#include "registers.h"\n#include "registers.h"\nint main(void) {{\n{lines}}}\n'
    (tmp_path / "main.c").write_text(source)
    compiler = shutil.which("g++")
    assert compiler
    command = [compiler, "-x", "c++", "-Wall", "-Wextra", "-Werror", "-pedantic", "main.c", "-o", "main"]
    subprocess.run(command, cwd=tmp_path, check=True)
    printed = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True).stdout
    assert [int(line) for line in printed.split()] == [int(value) for value in values.values()]


def test_csr_csv_lists_all():
    rows = [row for row in csv.reader(csr(MAP).splitlines()) if not row[0].startswith("#")]
    found = {row[1]: (int(row[2], 16), row[3], row[4]) for row in rows if row[0] == "csr_register"}
    modes = {Access.READ: "ro", Access.WRITE: "wo", Access.READ_WRITE: "rw"}
    assert found == {
        f"taxonn_{entry.name.lower()}": (entry.address, "1", modes[entry.register.access]) for entry in MAP.entries
    }
    regions = [(int(row[2], 16), int(row[3])) for row in rows if row[0] == "memory_region"]
    assert regions == [(weight_address(0, 0, 0), 4 * 0x3004), (weight_address(1, 0, 0), 4 * 0x1005)]


class Some(Registers):
    FIRST = 0, Access.READ, "first", (Bits("LOW", 0, 4, "low"), Bits("HIGH", 4, 28, "high")), 0x35
    SECOND = 4, Access.READ_WRITE, "second"


def test_resets_and_fields_are_told(tmp_path):
    table = RegisterMap("some", "Some", tuple(Entry(each.name, int(each), each) for each in Some))
    fields = list(compiled(rdl(table), tmp_path).get_child_by_name("FIRST").fields())
    assert [(field.inst_name, field.get_property("reset")) for field in fields] == [("LOW", 5), ("HIGH", 3)]
    assert "#define SOME_FIRST_HIGH_MASK 0xfffffff0u\n" in header(table)


@pytest.mark.parametrize(
    "entries, message",
    [
        ((Entry("A", 0, Some.FIRST), Entry("A", 4, Some.FIRST)), "must not share the name 'A'"),
        ((Entry("A", 4, Some.FIRST), Entry("B", 4, Some.FIRST)), "must not share the address 4"),
        ((Entry("A", 2, Some.FIRST),), "Address of register A must be one of a word, not 0x2"),
        ((Entry("A", 0, Some.FIRST, (Bits("X", 30, 3, ""),)),), "Field X of register A must have bits of its own"),
        (
            (Entry("A", 0, Some.FIRST, (Bits("X", 0, 3, ""), Bits("Y", 2, 3, ""))),),
            "Field Y of register A must have bits of its own",
        ),
    ],
)
def test_a_wrong_map_is_refused(entries, message):
    with pytest.raises(ValueError, match=message):
        RegisterMap("some", "Some", entries)
