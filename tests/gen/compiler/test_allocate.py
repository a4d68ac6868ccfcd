"""Operands in the buffers of the C-Core: what is kept, and what a write waits for."""

from dataclasses import replace

import pytest

from gen.compiler.allocate import THERE, Operand, Request, Residence, allocate
from gen.compiler.timing import Ports
from gen.model.layer import Layer, Phase
from hw.arch.array.config import ArrayConfig
from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.regions import InputRegion

CONFIG = CCoreConfig(ArrayConfig(2, 3, 3, 2), input_depth=48, weight_depth=64, psum_depth=64)
ALL = (slice(0, 1), slice(0, 2))


def test_residence_knows_what_is_there_and_who_reads_it():
    buffer = Residence()

    def operand(base, tensor="x"):
        return Operand(InputRegion(CONFIG, 1, 2, 4, 4, 4, base), tensor, ALL, 1, (0,))

    first, second = operand(0), operand(2)
    assert first.region.words > 2
    assert buffer.read(first, 3) == 0
    assert buffer.read(operand(0), 5) == THERE
    assert buffer.wait(operand(0, "y")) == 6  # another tensor in the same place
    assert buffer.wait(operand(first.region.words)) == 0
    assert buffer.read(second, 7) == 6
    assert buffer.wait(first) == 8  # no longer there


@pytest.mark.parametrize(
    "change", [{"tensor": "y"}, {"part": (slice(0, 1), slice(2, 4))}, {"step": 2}, {"rows": (1,)}], ids=str
)
def test_other_codes_in_the_same_place_are_written_again(change):
    buffer, operand = Residence(), Operand(InputRegion(CONFIG, 1, 2, 4, 4, 4, 0), "x", ALL, 1, (0,))
    buffer.read(operand, 0)
    assert buffer.wait(operand) == THERE
    assert buffer.wait(replace(operand, **change)) == 1


def test_only_tensors_that_are_shared_are_kept():
    """BP finds the weights that FP read, unless they are others."""
    layer = Layer(4, 3, 7, 6, 5, 3, 1, 1)
    for shared in (True, False):
        requests = [
            Request(layer, phase, {name: name if shared else (name, phase) for name in "xwe"}) for phase in Phase
        ]
        placed = allocate(requests, CONFIG, Ports())
        backward = placed[list(Phase).index(Phase.BP)]
        assert backward[0].weights_written == shared
