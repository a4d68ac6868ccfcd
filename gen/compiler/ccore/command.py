"""A descriptor of the C-Core together with the tensors that it names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gen.model.layer import Layer, Phase
from hw.arch.ccore.config import LOOP, CCoreConfig
from hw.arch.ccore.descriptor import Descriptor
from hw.arch.ccore.regions import ErrorRegion, InputRegion, WeightRegion

__all__ = ["Command", "Entry"]

#: Fields of an entry, and of the words of its array rows.
Entry = tuple[Mapping[str, Any], Sequence[Mapping[str, int]]]


@dataclass(frozen=True)
class Command:
    """A descriptor with what lies around it.

    Parameters
    ----------
    config : CCoreConfig
    layer : Layer
        Its batch is that of the tile.
    phase : Phase
    header : mapping
        Fields by name, :data:`hw.arch.ccore.descriptor.HEADER`.
    entries : sequence of (fields, rows)
        :data:`hw.arch.ccore.descriptor.ENTRY`, and :data:`hw.arch.ccore.descriptor.ROW` for each row of the array.
    inputs : InputRegion
        Of the tensor that is read, x or e.
    weights : WeightRegion or ErrorRegion
        The latter for a weight gradient.
    loaded : int
        First row of the read tensor in its region; the region's height says how many follow.
    first : int
        First row of the grid.
    """

    config: CCoreConfig
    layer: Layer
    phase: Phase
    header: Mapping[str, Any]
    entries: Sequence[Entry]
    inputs: InputRegion
    weights: WeightRegion | ErrorRegion
    loaded: int = 0
    first: int = 0

    def words(self) -> list[int]:
        """The descriptor as words of 32 bits.

        Raises
        ------
        ValueError
            If a number does not fit its field.
        """
        return Descriptor(self.header, self.entries).words()

    @property
    def passes(self) -> int:
        """Passes of all blocks and entries."""
        return self.header["m_blocks"] * sum(self._repeats(fields) for fields, _ in self.entries)

    def slots(self, fields: Mapping[str, Any]) -> int:
        """Slots of a pass of the entry with these fields, those that fill the window included."""
        return fields["row_groups"] * (self.header["columns"] + fields["lead"])

    @property
    def tail(self) -> int:
        """Cycles of the last pass in which only the next pass's weights load."""
        fields, _ = self.entries[-1]
        return 0 if self.phase == Phase.WG else self.pass_cycles(fields) - self.slots(fields)

    def pass_cycles(self, fields: Mapping[str, Any]) -> int:
        """Cycles of a pass of the entry with these fields, until the first slot of the next.

        With :meth:`slots`: max(slots, channels, :data:`hw.arch.ccore.config.LOOP`), for the next weights load
        meanwhile; of a gradient max(slots + channels * beats - 1, :data:`hw.arch.ccore.config.LOOP`), for the sums
        leave one by one.
        """
        array = self.config.array
        slots = self.slots(fields)
        if self.phase == Phase.WG:
            return max(slots + array.channels * array.beats - 1, LOOP)
        return max(slots, array.channels, LOOP)

    def cycles(self) -> int:
        """Cycles from the first slot to the first slot of what follows, where no drain is slower."""
        each = sum(self.pass_cycles(fields) * self._repeats(fields) for fields, _ in self.entries)
        return self.header["m_blocks"] * each

    def _repeats(self, fields: Mapping[str, Any]) -> int:
        """Passes of an entry in an output block."""
        return 1 if fields["idle"] else self.header["c_blocks"]
