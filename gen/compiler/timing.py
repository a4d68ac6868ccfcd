"""Cycles of a descriptor on the C-Core: its blocks, its drains and what the DMA writes for it."""

from dataclasses import dataclass

from gen.compiler.ccore.command import Command
from gen.model.layer import Phase
from hw.arch.array.config import TAPS
from hw.arch.ccore.drain import DrainMode
from hw.arch.ccore.regions import ErrorRegion

__all__ = ["FILL", "Ports", "alone", "block_cycles", "drain_beats", "drain_cycles", "input_words", "weight_granules"]

#: Cycles from a descriptor to its first slot, and from its last slot to the last partial sum, where nothing hides them.
FILL = 64

#: Cycles from the last beat of a block to the first slot of the next one in its half.
RELEASE = 3

#: Beats of a line that hide how the drain goes on to the next.
LINE = 3


@dataclass(frozen=True)
class Ports:
    """What brings operands.

    Parameters
    ----------
    dram_gbps : float
        10^9 bytes a second, shared by all traffic.
    mhz : float
        Clock of the machine.
    granules : int
        Granules (`clusters` codes) that the weight buffer takes a cycle; the input buffer takes one word.
    """

    dram_gbps: float = 29.9
    mhz: float = 200.0
    granules: int = 1

    @property
    def bytes_per_cycle(self) -> float:
        """Bytes that DRAM moves in a cycle."""
        return self.dram_gbps * 1000 / self.mhz


def block_cycles(command: Command) -> int:
    """Cycles of an output block; of a gradient, of all its blocks, for they leave at once."""
    gradient = command.phase == Phase.WG
    return command.cycles() if gradient else command.cycles() // command.header["m_blocks"]


def drain_beats(command: Command, last: bool = False) -> int:
    """Beats in which an output block leaves, `clusters` * `wpus` sums a beat, where nothing stalls.

    A row group that two images share leaves for each of them (:class:`hw.arch.ccore.drain.DrainMode`).

    Parameters
    ----------
    command : Command
    last : bool
        Whether it is the last block: of a 1x1 layer, it may hold fewer tap groups.
    """
    header, wpus = command.header, command.config.array.wpus
    mode, columns = header["drain_mode"], header["columns"]
    if mode == DrainMode.GRADIENT:
        return TAPS * header["psums"]
    starts = [header["pitch"] * image for image in range(header["images"])]
    groups = sum((start + header["rows"] - 1) // wpus - start // wpus + 1 for start in starts)
    if mode == DrainMode.TAPS:
        return groups * columns * header["taps_last" if last else "taps"]
    if mode == DrainMode.SPLIT:
        return groups * 2 * (2 * columns - header["odd_columns"])
    return groups * columns


def drain_line(command: Command) -> int:
    """Beats of a row group along its columns, or of an address of a gradient."""
    header = command.header
    if header["drain_mode"] == DrainMode.GRADIENT:
        return TAPS
    if header["drain_mode"] == DrainMode.SPLIT:
        return 2 * header["columns"] - header["odd_columns"]
    return header["columns"]


def drain_cycles(command: Command) -> int:
    """Beats of all output blocks."""
    blocks = 1 if command.phase == Phase.WG else command.header["m_blocks"]
    return (blocks - 1) * drain_beats(command) + drain_beats(command, last=True)


def alone(command: Command, fill: int = FILL, latency: int = 0) -> int:
    """Cycles of a descriptor run by itself, from its start to its last drained beat, where nothing stalls.

    A block starts when the one before has ended and the half that it takes is drained: that of the block before the
    last, :data:`RELEASE` cycles after its last beat. The drain goes on to the next block while it walks along the last
    line of one, in :data:`LINE` cycles.

    Parameters
    ----------
    command : Command
    fill : int
        Cycles before the first slot.
    latency : int
        Cycles from the last slot of a block to its first beat.
    """
    blocks = 1 if command.phase == Phase.WG else command.header["m_blocks"]
    gap = max(0, LINE - drain_line(command))
    end, drained = 0, [-RELEASE, -RELEASE]
    for number in range(blocks):
        end = max(end, drained[-2] + RELEASE) + block_cycles(command)
        begins = max(end - command.tail + latency, drained[-1] + gap)
        drained.append(begins + drain_beats(command, number == blocks - 1))
    return fill + (drained[-1] if command.header["drain"] else end)


def input_words(command: Command) -> int:
    """Words of the input buffer that the DMA writes for a descriptor."""
    region = command.inputs
    return region.images * region.groups * region.height * region.row


def weight_granules(command: Command) -> int:
    """Granules of `clusters` codes that the DMA writes into the weight buffer for a descriptor."""
    region, config = command.weights, command.config
    if isinstance(region, ErrorRegion):
        groups = config.blocks if region.pointwise else 1
        return region.blocks * groups * region.slots * config.array.wpus
    groups = config.blocks**2 if region.pointwise else config.array.rows * TAPS
    return region.words * groups
