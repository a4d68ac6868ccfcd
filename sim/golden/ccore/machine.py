"""Golden model of the C-Core: runs descriptors out of the contents of its buffers."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hw.arch.array.config import TAPS
from hw.arch.array.control import MIXED_PORTS, PORTS, TAP_PORTS, Head, Ports
from hw.arch.ccore.config import WORD_PIXELS, CCoreConfig, Lanes, Shuffle
from hw.arch.ccore.descriptor import Descriptor
from hw.arch.ccore.drain import DrainJob, DrainMode
from sim.golden.array.array import port_values
from sim.golden.array.passes import GradientPass, StationaryPass
from sim.golden.conv import wrap

from .order import NOTHING, Beats, beats
from .regions import InputWrites, WeightWrites
from .slots import Slots

__all__ = ["ALL_BLOCKS", "Drained", "Machine", "job_of"]

#: Block number of a drain of all blocks, that of a gradient.
ALL_BLOCKS = -1


@dataclass(frozen=True)
class Drained:
    """What left after an output block, or after all blocks of a gradient.

    block : m block, or :data:`ALL_BLOCKS`
    order : Beats
    data : int64 [beat][m][w]
    sums : int64 [map][m], sums of |x|: a map for each image, tap by tap for a 1x1 layer; empty if none are taken
    """

    block: int
    order: Beats
    data: np.ndarray
    sums: np.ndarray


def job_of(header: Mapping[str, Any], block: int, half: int = 0) -> DrainJob:
    """The drain's job for an m block of a descriptor with this header."""
    last = block in (ALL_BLOCKS, header["m_blocks"] - 1)
    (first, second), (third, fourth) = header["ports"]
    return DrainJob(
        mode=header["drain_mode"],
        half=half,
        images=header["images"],
        pitch=header["pitch"],
        rows=header["rows"],
        columns=header["columns"],
        odd_rows=header["odd_rows"],
        odd_columns=header["odd_columns"],
        ports=((first, second), (third, fourth)),
        segment=max(header["segment"], 1),
        taps=header["taps_last"] if last else header["taps"],
        words=header["psums"],
        last=last,
    )


@dataclass
class Machine:
    """Buffers of a C-Core, and the half of the partial sums that the next block takes.

    Attributes
    ----------
    inputs : codes [bank][address][pixel][c]
    weights : codes [row][column][sub-bank][address] of tap groups
    sums : int64 [half][port][address][m][w]
    """

    config: CCoreConfig
    half: int = 0
    inputs: np.ndarray = field(init=False)
    weights: np.ndarray = field(init=False)
    sums: np.ndarray = field(init=False)

    def __post_init__(self):
        config, array = self.config, self.config.array
        self.inputs = np.zeros((config.banks, config.input_depth, WORD_PIXELS, array.channels), np.uint16)
        self.weights = np.zeros((config.tap_rows, TAPS, array.clusters, config.weight_depth), np.uint16)
        self.sums = np.zeros((2, 4, config.psum_depth, array.clusters, array.wpus), np.int64)

    def write_inputs(self, writes: InputWrites):
        """Write words of the input buffer."""
        self.inputs[writes.bank, writes.address] = writes.data

    def write_weights(self, writes: WeightWrites):
        """Write words of the weight buffer, each turned over the sub-banks."""
        clusters = self.config.array.clusters
        place = (np.arange(clusters) + writes.turn[:, None]) % clusters
        self.weights[writes.row[:, None], writes.column[:, None], place, writes.address[:, None]] = writes.data

    def run(self, words: Sequence[int]) -> list[Drained]:
        """Run the descriptor that the words encode: for each m block, for each c block, for each entry, one pass.

        Raises
        ------
        ValueError
            If the words are no descriptor.
        """
        descriptor = Descriptor.decode(words, self.config.array.rows)
        header, gradient = descriptor.header, descriptor.header["pattern"].gradient
        drained, address = [], 0
        for m in range(header["m_blocks"]):
            for c, (fields, rows) in itertools.product(range(header["c_blocks"]), descriptor.entries):
                if fields["idle"]:
                    continue
                x = Slots(self.config, header, fields, rows, c).codes(self.inputs)
                if gradient:
                    self._gradient(header, fields, x, m, address)
                    address += self.config.array.channels * self.config.array.beats
                else:
                    w = self._weights(header, fields, m, c)
                    self._stationary(fields, x, w, start=c == 0 and not header["accumulate"])
            if header["drain"] and not gradient:
                drained.append(self._drain(header, m))
        if header["drain"] and gradient:
            drained.append(self._drain(header, ALL_BLOCKS))
        return drained

    def _weights(self, header, fields, m, c) -> np.ndarray:
        """Weight codes [c][m][r][k] of a pass."""
        array = self.config.array
        column, cluster, r, k = np.indices((array.channels, array.clusters, array.rows, TAPS))
        line = c * array.channels + column
        bank = (cluster + line) % array.clusters
        base = header["w_base"] + fields["w_offset"]
        if not header["pattern"].transposed:
            address = base + m * header["w_pitch"] + line
        else:
            address = base + line // array.clusters * header["w_pitch"] + m * array.clusters + cluster
        row, tap = r, k
        match fields["shuffle"]:
            case Shuffle.REVERSED:
                tap = TAPS - 1 - k
            case Shuffle.TRANSPOSED:
                both = (r < self.config.blocks) & (k < self.config.blocks)
                row, tap = np.where(both, k, r), np.where(both, r, k)
            case Shuffle.SHARED:
                row = np.where(r == 1, 0, r)
        return self.weights[row, tap, bank, address % self.config.weight_depth]

    def _stationary(self, fields, x, w, start: bool):
        array, ports = self.config.array, fields["ports"]
        nowhere = np.full((len(x), array.clusters, array.wpus, PORTS), -1)
        values = port_values(StationaryPass(x, w, ports, nowhere), array)
        if ports == Ports.TOTAL:
            values = np.repeat(values[..., :1], PORTS, axis=-1)
        slot = np.arange(len(x))
        for port in range(PORTS):
            if not fields["write"] >> port & 1:
                continue
            mine = slot % PORTS == port if fields["spread"] else slot >= 0
            address = slot[mine] // PORTS if fields["spread"] else slot
            other = ports == Ports.MIXED and port == MIXED_PORTS[0]
            address = address + fields["shared_address" if other else "address"]
            self._add(port, address, values[mine, :, :, port], start and fields["start"] >> port & 1)

    def _add(self, port, address, values, start):
        sums = self.sums[self.half, port]
        sums[address] = wrap((0 if start else sums[address]) + values, self.config.array.acc_bits)

    def _gradient(self, header, fields, x, m, address):
        array, point = self.config.array, fields["lanes"] == Lanes.POINT
        slot, cluster, k, w = np.indices((len(x), array.clusters, TAPS, array.wpus))
        place = header["w_base"] + m * header["w_pitch"] + (slot if point else slot // TAPS)
        e = self.weights[w, k if point else slot % TAPS, cluster, place]
        nowhere = np.full((array.channels * array.beats, array.clusters, array.wpus, PORTS), -1)
        head = Head.ERROR_TAP if point else Head.ERROR_ROW
        values = port_values(GradientPass(x, e, head, nowhere), array)
        for port in TAP_PORTS:
            self._add(port, address + np.arange(len(values)), values[..., port], not header["accumulate"])

    def _drain(self, header, block) -> Drained:
        order = beats(job_of(header, block, self.half), self.config)
        data = self.sums[self.half, order.bank, order.address]
        self.half ^= 1
        none = np.zeros((0, self.config.array.clusters), np.int64)
        # All tap groups give sums, also those without a channel.
        taps = range(self.config.blocks) if header["drain_mode"] == DrainMode.TAPS else (NOTHING,)
        return Drained(block, order, data, _magnitudes(order, data, taps) if header["sums"] else none)


def _magnitudes(order: Beats, data: np.ndarray, taps) -> np.ndarray:
    """Sums of |x|, [map][m]: maps by tap, then by image."""
    values = np.where(order.mask[:, None], np.abs(data), 0).sum(axis=2)
    maps = itertools.product(taps, np.unique(order.image))
    return np.array([values[(order.tap == tap) & (order.image == image)].sum(axis=0) for tap, image in maps])
