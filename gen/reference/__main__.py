"""`python -m gen.reference [--check]`: writes docs/reference.md from the sources, or says whether it is stale."""

import argparse
import json
import sys
from pathlib import Path

from gen.commands.generate import generate
from gen.commands.targets import TARGETS
from gen.verilog.formats import FILES
from gen.verilog.manifest import NAME
from hw.arch.acore.config import ACoreConfig
from hw.arch.array.config import ARRAY_RANGES, ArrayConfig
from hw.arch.array.control import ArrayControl, Head, Op, Ports
from hw.arch.ccore.config import CCoreConfig
from hw.arch.registers import Access
from hw.arch.taxonn.config import Activation, FixedFormat, TaxonnConfig
from hw.arch.taxonn.registers import LAYER, ROW, WEIGHTS, LayerRegister, Register, layer_register

from . import acore, ccore
from .tables import members, table, word

__all__ = ["main", "reference"]

_PATH = Path(__file__).resolve().parents[2] / "docs" / "reference.md"
_ENUMS = (Op, Head, Ports)
#: A small configuration of each target that has one of its own.
_EXAMPLES = {
    "ccore": CCoreConfig(ArrayConfig(clusters=2, wpus=3, rows=1, channels=4), 64, 32, 16, 8),
    "acore": ACoreConfig(apus=1, lanes=2),
    "taxonn": TaxonnConfig(
        (4, 3, 2), (Activation.SIGMOID, Activation.SOFTMAX), (FixedFormat(2, 12), FixedFormat(3, 10))
    ),
}


def _control() -> str:
    """Bit layout of the control word, and its enumerations."""
    return "\n".join([word(ArrayControl), *(members(each) for each in _ENUMS)])


def _layout(description: dict) -> str:
    """A port's layout as indices, such as [3][8] of 8."""
    sizes = ""
    while "length" in description.get("layout", {}):
        sizes += f"[{description['layout']['length']}]"
        description = description["layout"]["element"]
    return f"{sizes} of {description['width']}" if sizes else ""


def _ports() -> str:
    """Ports of each target for a small configuration whose sizes can be told apart."""
    config = ArrayConfig(clusters=2, wpus=4, rows=3, channels=5)
    text = f"For an array of {config}: {config.acc_bits}-bit sums, {config.pint}, MACs of the form `{config.mac}`.\n"
    for target in TARGETS:
        manifest = json.loads(generate(target, _EXAMPLES.get(target, config))[NAME])
        rows = [
            [f"`{port['name']}`", port["direction"], port["width"], "yes" if port["signed"] else "", _layout(port)]
            for port in manifest["ports"]
        ]
        text += f"\n### {target}\n\n"
        if target in _EXAMPLES:
            text += "For " + ", ".join(f"{k} {json.dumps(v)}" for k, v in manifest["parameters"].items()) + ". "
        text += f"Latency in cycles: {manifest['latency']}. "
        text += f"Products a cycle: {manifest['macs_per_cycle']}.\n\n"
        text += table(["port", "direction", "width", "signed", "elements"], rows)
    return text


def _registers() -> str:
    """Register map of the TaxoNN machine."""
    places = [(f"{register:#x}", register) for register in Register]
    places += [(f"{layer_register(0, register):#x} + 16 i", register) for register in LayerRegister]
    rows = [
        [place, f"`{register.name}`", register.access, f"{register.reset:#x}" * register.access.reads, register.doc]
        for place, register in places
    ]
    place = f"bit {WEIGHTS} set, layer i at bit {LAYER}, row at {ROW}, column at 2"
    rows.append([place, "a weight", Access.READ_WRITE, "", "sign-extended"])
    return table(["address", "register", "access", "reset", "meaning"], rows)


def _files() -> str:
    """Files of a target."""
    rows = [[f"`<target>{end}`" if end[0] == "." else f"`{end}`", kind, text] for end, (kind, text) in FILES.items()]
    return table(["file", "kind in the manifest", "what it is"], rows)


def reference() -> str:
    """Text of docs/reference.md."""
    ranges = table(
        ["size", "range", "default"],
        [[f"`{name}`", f"{low} to {high}", getattr(ArrayConfig(), name)] for name, (low, high) in ARRAY_RANGES.items()],
    )
    return "\n".join(
        [
            "# Reference",
            "",
            "Generated from the sources by `python -m gen.reference`; CI checks that it is current.",
            "",
            "## Sizes of the array",
            ranges,
            "## Control word of the array",
            " ".join((ArrayControl.__doc__ or "").split()),
            "",
            _control(),
            "## Descriptors of the C-Core",
            ccore.reference(),
            "## Microprograms of the A-Core",
            acore.reference(),
            "## Ports",
            _ports(),
            "## Files",
            "What `gradgate generate` writes beside `manifest.json`; each target writes those that it has a use for.",
            "",
            _files(),
            "## Registers of taxonn",
            "On its AXI4-Lite port, in words of 32 bits. Layers i count from 0. Weights answer while STATUS is 0.",
            "",
            _registers(),
        ]
    )


def main() -> int:
    """Write the file, or compare it with what would be written."""
    parser = argparse.ArgumentParser(description="Write docs/reference.md from the sources.")
    parser.add_argument("--check", action="store_true", help="only say whether the file is current; exit 1 if not")
    current = _PATH.read_text() if _PATH.exists() else ""
    text = reference()
    if parser.parse_args().check:
        print(f"docs/{_PATH.name} is {'current' if text == current else 'stale: run python -m gen.reference'}")
        return int(text != current)
    _PATH.write_text(text)
    print(f"Wrote docs/{_PATH.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
