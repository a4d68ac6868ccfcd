"""What can be generated: one table from a target's name to its component."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from amaranth.lib import wiring

from gen.boards import bringup
from hw.acore.acore import ACore
from hw.arch.array.config import TAPS, ArrayConfig
from hw.arch.registers import RegisterMap
from hw.arch.taxonn.registers import register_map
from hw.arith.convert import Convert
from hw.array.array import Array
from hw.array.cluster import Cluster
from hw.array.pe import Pe
from hw.array.wpu import Wpu
from hw.ccore.ccore import CCore
from hw.mac.mac import Mac
from hw.taxonn.network import Network

from .options import acore, taxonn
from .options.array import ccore_of

__all__ = ["TARGETS", "Target"]


@dataclass(frozen=True)
class Target:
    """One kind of module.

    Parameters
    ----------
    summary : str
        What it is, for the help text.
    options : tuple of str
        Fields that it depends on, of its configuration or of the `array` in it; without `configure` the configuration
        is an :class:`ArrayConfig`.
    build : callable
        Component of a configuration.
    macs : callable
        Multiply-accumulates a cycle of a configuration.
    configure : callable, optional
        Configuration of the parsed arguments, for a target with options of its own in place of ArrayConfig's.
    registers : callable, optional
        The map of its registers, of a configuration.
    board : callable, optional
        In place of `build`, for the design of a board: from configuration and progress, its files (name to text) and
        what the manifest says of them.
    """

    summary: str
    options: tuple[str, ...]
    build: Callable[[Any], wiring.Component] | None
    macs: Callable[[Any], int]
    board: Callable[[ArrayConfig, Callable[[str], None]], tuple[dict[str, str], dict]] | None = None
    configure: Callable[[argparse.Namespace], Any] | None = None
    registers: Callable[[Any], RegisterMap] | None = None

    @property
    def arguments(self) -> tuple[str, ...]:
        """Arguments on the command line that it uses."""
        return tuple(name for field in self.options for name in taxonn.ARGUMENTS.get(field, (field,)))


_CELL = ("pint", "mac", "acc_bits")


def _pe(config: ArrayConfig) -> Pe:
    return Pe(pint=config.pint, form=config.mac, acc_bits=config.acc_bits, head=False)


TARGETS = {
    "mac": Target(
        "one multiply-accumulate unit on PINT codes",
        _CELL,
        lambda config: Mac(pint=config.pint, form=config.mac, acc_bits=config.acc_bits),
        lambda config: 1,
    ),
    "convert": Target(
        "the unit that rounds partial sums to PINT codes",
        ("pint",),
        lambda config: Convert(pint=config.pint),
        lambda config: 0,
    ),
    "pe": Target("a processing element of three MACs, inside a chain", _CELL, _pe, lambda config: TAPS),
    "wpu": Target(
        "a window processing unit: PEs and their adder tree",
        ("rows", "channels", *_CELL),
        lambda config: Wpu(**Cluster.wpu_parameters(config)),
        lambda config: config.macs // config.clusters // config.wpus,
    ),
    "cluster": Target(
        "window processing units and the sums across them",
        ("wpus", "rows", "channels", *_CELL),
        lambda config: Cluster(config=config),
        lambda config: config.macs // config.clusters,
    ),
    "array": Target(
        "the whole array, codes in, partial sums in and out",
        ("clusters", "wpus", "rows", "channels", *_CELL),
        lambda config: Array(config=config),
        lambda config: config.macs,
    ),
    "bringup": Target(
        "a test of an array of at most 3600 MACs on the VC709 board: pass or fail on LEDs and UART",
        ("clusters", "wpus", "rows", "channels", *_CELL),
        None,
        lambda config: config.macs,
        bringup.files,
    ),
    "ccore": Target(
        "the convolution core: the array with its buffers, networks and run-time control",
        ("clusters", "wpus", "rows", "channels", *_CELL, "input_depth", "weight_depth", "psum_depth", "images"),
        lambda config: CCore(config=config),
        lambda config: config.array.macs,
        configure=ccore_of,
    ),
    "acore": Target(
        "the auxiliary core: normalisation, activation, pools, loss and weight update",
        acore.FIELDS,
        lambda config: ACore(config=config),
        lambda config: 0,
        configure=acore.configure,
    ),
    "taxonn": Target(
        "a network of convolutions and fully connected layers that trains itself, with AXI ports",
        taxonn.FIELDS,
        lambda config: Network(config=config),
        lambda config: sum(config.pes),
        configure=taxonn.configure,
        registers=register_map,
    ),
}
