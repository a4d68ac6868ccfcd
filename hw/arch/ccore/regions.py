"""Where tensors lie in the buffers of the C-Core.

The one source for the compiler, the writes of the DMA and the golden model.
"""

from dataclasses import dataclass

from hw.arch.array.config import TAPS

from .config import WORD_PIXELS, CCoreConfig

__all__ = ["ErrorRegion", "InputRegion", "WeightRegion"]


@dataclass(frozen=True)
class InputRegion:
    """A tensor in the input buffer, read row by row over the flattened (image, row) index.

    Row y of image n is row f = n * `pitch` + y; the row f of channel group g lies in bank F mod banks, with
    F = f + (turn * g mod banks), from address `base` + g * :attr:`group` + F // banks * :attr:`row` on, a word (two
    pixels of `channels` channels) an address. Channels beyond the tensor's are zero codes.

    Parameters
    ----------
    config : CCoreConfig
    images, channels, height, width : int
        Shape of the tensor, or of the rows of it that are loaded.
    pitch : int
        Rows from image to image.
    base : int
    """

    config: CCoreConfig
    images: int
    channels: int
    height: int
    width: int
    pitch: int
    base: int = 0

    @property
    def groups(self) -> int:
        """Channel groups."""
        return -(-self.channels // self.config.array.channels)

    @property
    def row(self) -> int:
        """Words of a row."""
        return -(-self.width // WORD_PIXELS)

    @property
    def group(self) -> int:
        """Addresses of a channel group."""
        last = self.pitch * (self.images - 1) + self.height - 1 + self.config.banks - 1
        return (last // self.config.banks + 1) * self.row

    @property
    def words(self) -> int:
        """Addresses of the tensor."""
        return self.groups * self.group

    def place(self, image: int, group: int, y: int) -> tuple[int, int]:
        """Bank and address of the first word of a row."""
        banks = self.config.banks
        virtual = image * self.pitch + y + self.config.turn * group % banks
        return virtual % banks, self.base + group * self.group + virtual // banks * self.row


@dataclass(frozen=True)
class WeightRegion:
    """Weights in the weight buffer, so that FP reads them straight and BP transposed.

    W(o, i, ky, kx) of a kernel lies in tap group (ky mod rows, kx mod 3), sub-bank (o + i) mod clusters, at `base` +
    window * :attr:`window` + o // clusters * :attr:`pitch` + i; window (ky // rows, kx // 3). Of a 1x1 layer, blocks of
    `config.block` channels take turns over `config.blocks` rows (of i) and columns (of o) of tap groups; within them o
    and i count on without those that lie elsewhere. Packed kernels have their channels as columns and columns as
    channels. Channels beyond the layer's are zero codes.

    Parameters
    ----------
    config : CCoreConfig
    outputs, inputs, kernel : int
        Shape of the stored tensor.
    pointwise : bool
        Whether it is a 1x1 layer without padding.
    packed : int
        Number of channels of a packed kernel, whose `inputs` are the pixels of the window; else 0.
    shift : int
        Pixel of the window that the first kernel column meets.
    base : int
    """

    config: CCoreConfig
    outputs: int
    inputs: int
    kernel: int = 1
    pointwise: bool = False
    packed: int = 0
    shift: int = 0
    base: int = 0

    def lines(self, channels: int) -> int:
        """Channels of a dimension that share a tap group, padded to whole blocks of the array."""
        if not self.pointwise:
            step = self.config.array.clusters
            return -(-channels // step) * step
        blocks = -(-channels // self.config.block)
        return -(-blocks // self.config.blocks) * self.config.block

    @property
    def pitch(self) -> int:
        """Addresses of `clusters` outputs."""
        return self.lines(self.inputs)

    @property
    def window(self) -> int:
        """Addresses of a window."""
        return self.lines(self.outputs) // self.config.array.clusters * self.pitch

    @property
    def windows(self) -> tuple[int, int]:
        """Windows of kernel rows and columns."""
        if self.pointwise:
            return 1, 1
        columns = 1 if self.packed else -(-self.kernel // TAPS)
        return -(-self.kernel // self.config.array.rows), columns

    @property
    def words(self) -> int:
        """Addresses of the weights."""
        rows, columns = self.windows
        return rows * columns * self.window

    def line(self, channel: int) -> tuple[int, int]:
        """(tap group, number within it) of an output or input channel."""
        if not self.pointwise:
            return 0, channel
        block, rest = divmod(channel, self.config.block)
        turn, group = divmod(block, self.config.blocks)
        return group, turn * self.config.block + rest


@dataclass(frozen=True)
class ErrorRegion:
    """Errors in the weight buffer, for weight gradients: one pixel of `clusters` channels an address.

    The error of output o at slot n of WPU w lies in row w of tap groups, sub-bank o mod clusters. For kernels in column
    n mod 3 at `base` + o // clusters * :attr:`pitch` + n // 3; for 1x1 layers in the column of its block, at
    `base` + line // clusters * :attr:`pitch` + n, lines as for :class:`WeightRegion`. Channels and grid rows without
    a result are zero codes.
    """

    config: CCoreConfig
    outputs: int
    slots: int
    pointwise: bool = False
    base: int = 0

    @property
    def pitch(self) -> int:
        """Addresses of `clusters` outputs."""
        return self.slots if self.pointwise else -(-self.slots // TAPS)

    @property
    def order(self) -> WeightRegion:
        """A region of weights with the same order of outputs."""
        return WeightRegion(self.config, self.outputs, 1, pointwise=self.pointwise)

    @property
    def blocks(self) -> int:
        """Blocks of `clusters` outputs in a tap group."""
        return self.order.lines(self.outputs) // self.config.array.clusters

    @property
    def words(self) -> int:
        """Addresses of the errors."""
        return self.blocks * self.pitch
