"""Where the operands of phases lie in the buffers of the C-Core, and when they may be written."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gen.compiler.ccore.command import Command
from gen.model.layer import Layer, Phase
from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.regions import ErrorRegion, InputRegion, WeightRegion

from .steps import Step, steps
from .tiling import Tiling, Work, best, channel_tiles, cost, thinned
from .timing import Ports

__all__ = ["THERE", "Operand", "Placement", "Request", "Residence", "allocate"]

#: Of an operand that lies in its place already.
THERE = -1

#: Buffers, with the field of the descriptor that says where an operand begins.
_BASES = {"inputs": "x_base", "weights": "w_base"}


@dataclass(frozen=True)
class Request:
    """A phase of a layer, and which tensors it reads: by name x, w or e anything that tells tensors apart."""

    layer: Layer
    phase: Phase
    tensors: Mapping[str, Hashable]


@dataclass(frozen=True)
class Operand:
    """A part of a tensor, in its place in a buffer. Equal operands bring the same codes to the same place.

    Parameters
    ----------
    region : InputRegion, WeightRegion or ErrorRegion
    tensor : hashable
        Which tensor.
    part : (slice, slice)
        Of its first two axes.
    step : int
        Pixels from one that is loaded to the next.
    rows : tuple of int
        What says which rows are loaded.
    """

    region: InputRegion | WeightRegion | ErrorRegion
    tensor: Hashable
    part: tuple[slice, slice]
    step: int
    rows: tuple[int, ...]

    def overlaps(self, other: "Operand") -> bool:
        """Whether two operands of a buffer share an address."""
        a, b = self.region, other.region
        return a.base < b.base + b.words and b.base < a.base + a.words


@dataclass(frozen=True)
class Placement:
    """A descriptor whose operands have their places.

    Parameters
    ----------
    step : Step
    parts : mapping
        The part of each tensor x, w or e that it reads, slices of the first two axes.
    pixels : int
        Pixels of x from one that is loaded to the next.
    wait : int
        Descriptors that must have finished before its operands are written.
    inputs_written, weights_written : bool
        Whether the tensor that it reads, and its weights or errors, are in the buffers already.
    """

    step: Step
    parts: Mapping[str, tuple[slice, slice]]
    pixels: int
    wait: int
    inputs_written: bool
    weights_written: bool


class Residence:
    """What lies in a buffer: operands, and the last descriptor that reads each."""

    def __init__(self):
        self._held: list[tuple[Operand, int]] = []

    def wait(self, operand: Operand) -> int:
        """How many descriptors must finish before an operand is written; :data:`THERE` if it lies there."""
        over = [(held, last) for held, last in self._held if held.overlaps(operand)]
        if over and over[0][0] == operand:
            return THERE
        return max((last + 1 for _, last in over), default=0)

    def read(self, operand: Operand, number: int) -> int:
        """Let descriptor `number` read an operand once it is written; returns what :meth:`wait` does."""
        wait = self.wait(operand)
        self._held = [(held, last) for held, last in self._held if not held.overlaps(operand)]
        self._held.append((operand, number))
        return wait


def _parts(phase: Phase, step: Step) -> dict[str, tuple[slice, slice]]:
    """The part of each tensor that a step reads."""
    images, gives, reads = step.images, step.gives, step.reads
    return {
        Phase.FP: {"x": (images, reads), "w": (gives, reads)},
        Phase.BP: {"e": (images, reads), "w": (reads, gives)},
        Phase.WG: {"x": (images, reads), "e": (images, gives)},
    }[phase]


def _tiling(work: Work) -> Tiling:
    """The fewest tiles of whole images, all of about one size, that leave half of the buffer to others; else the best.

    Between tiles, the first operands and the last partial sums of each are seldom hidden.
    """
    batch = work.layer.batch
    for images in sorted({-(-batch // count) for count in range(1, batch + 1)}, reverse=True):
        parts = work.parts(images, 0)
        least = 1 if work.phase == Phase.WG else parts[0][1].header["c_blocks"]
        tilings = [Tiling(images, 0, *blocks) for blocks in channel_tiles(work, parts) if blocks[1] >= least]
        if tilings:
            return min(tilings, key=lambda tiling: cost(work, parts, tiling).total)
    return best(work)[0]


def _moved(command: Command, name: str, half: int) -> Command | None:
    """The command with an operand in the other half of its buffer; None if it takes parts of both."""
    region = getattr(command, name)
    if region.base // half != (region.base + region.words - 1) // half:
        return None
    region = replace(region, base=(region.base + half) % (2 * half))
    return replace(command, header={**command.header, _BASES[name]: region.base}, **{name: region})


class _Allocator:
    """Places request after request."""

    def __init__(self, config: CCoreConfig, ports: Ports):
        self._config, self._ports, self._count = config, ports, 0
        self._buffers = {name: Residence() for name in _BASES}

    def place(self, request: Request) -> Iterator[Placement]:
        """The descriptors of a request, placed."""
        work = Work(thinned(request.layer, request.phase), request.phase, self._config, self._ports)
        # A thinned layer reads its pixels as far apart as the stride that it lost.
        pixels = request.layer.stride // work.layer.stride
        planned = list(steps(work, _tiling(work)))
        for step, command in zip(planned, self._swapped(request, pixels, planned), strict=True):
            operands = _operands(request, pixels, step, command)
            waits = {name: self._buffers[name].read(operand, self._count) for name, operand in operands.items()}
            command = replace(command, header={**command.header, "tag": self._count % 256})
            self._count += 1
            yield Placement(
                replace(step, command=command),
                _parts(request.phase, step),
                pixels,
                wait=max(0, *waits.values()),
                inputs_written=waits["inputs"] == THERE,
                weights_written=waits["weights"] == THERE,
            )

    def _swapped(self, request: Request, pixels: int, planned: Sequence[Step]) -> list[Command]:
        """The commands, with the halves of a buffer swapped where the first operand is there, or may come, earlier."""
        commands = [step.command for step in planned]
        depths = {"inputs": self._config.input_depth, "weights": self._config.weight_depth}
        for name, depth in depths.items():
            moved = [_moved(command, name, depth // 2) for command in commands]
            swapped = [command for command in moved if command is not None]
            if len(swapped) == len(commands):
                operands = [_operands(request, pixels, planned[0], some[0])[name] for some in (commands, swapped)]
                now, then = map(self._buffers[name].wait, operands)
                commands = swapped if then < now else commands
        return commands


def _operands(request: Request, pixels: int, step: Step, command: Command) -> dict[str, Operand]:
    """What a command reads out of each buffer."""
    parts = _parts(request.phase, step)
    read, other = parts  # x or e for the input buffer, then w or e
    rows = (command.header["pitch"], command.header["rows"], command.first)
    return {
        "inputs": Operand(command.inputs, request.tensors[read], parts[read], pixels, (command.loaded,)),
        "weights": Operand(command.weights, request.tensors[other], parts[other], 1, rows if other == "e" else ()),
    }


def allocate(requests: Sequence[Request], config: CCoreConfig, ports: Ports) -> list[list[Placement]]:
    """The descriptors of each request, with places for what they read.

    Tiles take the halves of the buffers in turn, so that one is written while the other is read; each write waits for
    the last descriptor that reads what it overwrites. What lies in its place already is not written again: so BP reads
    the weights that FP read.

    Raises
    ------
    ConfigError
        If a layer does not fit the buffers.
    """
    allocator = _Allocator(config, ports)
    return [list(allocator.place(request)) for request in requests]
