"""Tidying of Yosys's Verilog: names, unread wires, signals without bits."""

import pytest

from gen.verilog.tidy import order_ports, tidy


def module(*lines):
    ports = ["  input a;", "  wire a;", "  output q;", "  wire q;"]
    return "\n".join(["module top(a, q);", *ports, *lines, "endmodule", ""])


def test_escaped_names_become_plain_and_stay_apart():
    text = tidy(
        module(
            "  wire \\x[0] ;",
            "  wire x__0;",
            "  wire \\$1 ;",
            "  wire \\reg ;",
            "  assign \\x[0]  = a;",
            "  assign x__0 = \\x[0] ;",
            "  assign \\$1  = x__0;",
            "  assign \\reg  = \\$1 ;",
            "  assign q = \\reg ;",
        )
    )
    assert text == module(
        "  wire x__0_;",
        "  wire x__0;",
        "  wire n1;",
        "  wire reg_;",
        "  assign x__0_ = a;",
        "  assign x__0 = x__0_;",
        "  assign n1 = x__0;",
        "  assign reg_ = n1;",
        "  assign q = reg_;",
    )


def test_strings_stay():
    line = '  cell #(.P("\\\\top.x \\"y\\"")) c (.a(a), .q(q));'
    assert tidy(module(line)) == module(line)


def test_wires_that_nothing_reads_go_and_others_stay():
    text = tidy(
        module(
            "  wire [2:0] copy;",
            "  wire [1:0] part;",
            "  (* init = 1'h0 *)",
            "  wire start;",
            "  wire read;",
            "  wire out;",
            "  cell c (.o(out));",
            "  assign copy[2:1] = 2'h0;",
            "  assign copy[0] = part;",
            "  assign part = a;",
            "  assign start = a;",
            "  assign read = a;",
            "  assign q = read;",
        )
    )
    kept = ["  wire read;", "  wire out;", "  cell c (.o(out));", "  assign read = a;", "  assign q = read;"]
    assert text == module(*kept)


def test_logical_not_of_a_bus_is_a_reduction():
    assert "assign q = ~| a;" in tidy(module("  assign q = ! a;"))
    assert "assign q = ! a && a;" in tidy(module("  assign q = ! a && a;"))


def test_signal_without_bits_goes_or_is_refused():
    assert "none" not in tidy(module("  wire [-1:0] none;", "  assign q = a;"))
    with pytest.raises(ValueError, match="must have at least one bit, unlike none"):
        tidy(module("  wire [-1:0] none;", "  assign q = | none;"))


def test_header_is_ordered_and_wrapped():
    names = [f"port_{n}" for n in range(40)]
    text = order_ports(f"module top({', '.join(reversed(names))}\n);\n", "top", names)
    assert text.replace("\n ", "") == f"module top({', '.join(names)});\n"
    assert max(map(len, text.splitlines())) <= 120
