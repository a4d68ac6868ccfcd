"""The buffers, networks and the sequencer of a small C-Core, to be mutated."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from gen.compiler.ccore.plan import plan
from gen.model.layer import Layer, Phase
from hw.arch.array.config import ArrayConfig, MacForm
from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.descriptor import HEADER, MAX_ENTRIES, Error
from hw.ccore.ccore import CCore
from hw.ccore.drain import Drain
from hw.ccore.inputs import InputNetwork
from hw.ccore.psums import PartialSums
from hw.ccore.weights import WeightBuffer
from sim.engine.ccore import Job, program
from sim.workloads.ccore import alternating_jobs, fits
from sim.workloads.input_slots import save_slots
from sim.workloads.layers import random_codes, random_layer

from .design import Design

__all__ = ["CCORE_DESIGNS"]

_SEED = 1


def _input_network() -> Design:
    sizes, depth = (1, 3, 2, 5), 16
    config = CCoreConfig(array=ArrayConfig(*sizes), input_depth=depth)

    def files(folder: Path) -> Mapping[str, Path]:
        file = folder / "slots.npz"
        save_slots(file, np.random.default_rng(_SEED), config, 1000, InputNetwork.READ)
        return {"slots": file}

    return Design(
        "ccore-inputs",
        "input_network",
        lambda: InputNetwork(config=config),
        "sim.testbench.ccore.input_network",
        25,
        {"array": sizes, "depth": depth, "latency": InputNetwork.LATENCY},
        memories=True,
        files=files,
    )


def _weights() -> Design:
    config = CCoreConfig(ArrayConfig(3, 2, 3, 2), weight_depth=21)
    return Design(
        "ccore-weights",
        "weights",
        lambda: WeightBuffer(config=config),
        "sim.testbench.ccore.weights",
        25,
        {"array": (3, 2, 3, 2), "depth": 21, "cycles": 400, "latency": WeightBuffer.LATENCY},
        memories=True,
    )


def _psums() -> Design:
    array = ArrayConfig(clusters=2, wpus=3, rows=1, channels=1)
    config = CCoreConfig(array=array, psum_depth=16, images=4)
    timing = {name.lower(): getattr(PartialSums, name) for name in ("LATENCY", "LOOP", "DRAIN_LATENCY")}
    return Design(
        "ccore-psums",
        "psums",
        lambda: PartialSums(config=config),
        "sim.testbench.ccore.psums",
        25,
        {"sizes": (2, 3, 36, 16, 4), **timing},
        memories=True,
    )


def _drain() -> Design:
    array, latency = ArrayConfig(clusters=2, wpus=3, rows=3, channels=1), 2
    config = CCoreConfig(array=array, psum_depth=64)
    return Design(
        "ccore-drain",
        "drain",
        lambda: Drain(config=config, latency=latency),
        "sim.testbench.ccore.drain",
        40,
        {"sizes": (2, 3, 3, 64), "latency": latency, "fill": Drain.LATENCY, "jobs": 5},
        memories=True,
    )


def _faults(config: CCoreConfig) -> list[tuple[Error, dict[str, int]]]:
    """Mistakes of a header: what each gives, and the fields that make it; numbers too large by every bit."""
    limits = {
        "images": (Error.IMAGES, config.images),
        "psums": (Error.PSUM, config.psum_depth),
        "x_words": (Error.INPUT, config.input_depth),
        "x_base": (Error.INPUT, config.input_depth),
        "w_words": (Error.WEIGHT, config.weight_depth),
        "w_base": (Error.WEIGHT, config.weight_depth),
    }
    counts = ("m_blocks", "c_blocks", "c_inner", "pitch", "rows", "read_rows", "images", "columns", "read_columns")
    counts += ("groups", "row_pitch", "taps", "taps_last", "psums")
    return [
        *((Error.PATTERN, {"pattern": code}) for code in (0, 12, 13, 14, 15)),
        *((Error.EMPTY, {name: 0}) for name in counts),
        (Error.ENTRIES, {"entries": MAX_ENTRIES + 1}),
        (Error.KEEP, {"drain": 0}),
        (Error.KEEP, {"accumulate": 1}),
        *(
            (error, {"sums": 1, name: limit + 1 if bit == 0 else limit << bit})
            for name, (error, limit) in limits.items()
            for bit in range(HEADER.field(name).bits - limit.bit_length() + 1)
        ),
    ]


def _jobs(config: CCoreConfig) -> list[Job]:
    """Every pattern, a mistake of each kind, sums that are continued, and layers as long as the buffers."""
    rng = np.random.default_rng(_SEED)
    layers = (
        Layer(2, 7, 5, 5, 6, 3, 1, 1),
        Layer(2, 4, 3, 5, 4, 3, 2, 1),
        Layer(1, 17, 9, 3, 3, 1, 2),
        Layer(3, 20, 13),
        Layer(1, 2, 3, 6, 5, 5, 1, 2),
        Layer(2, 3, 3, 7, 9, 5, 2, 2),
        Layer(1, 5, 3, 12, 12, 7, 1, 3),
        Layer(2, 4, 3, 5, 9, 4, 1, 2),
    )
    work = [(layer, phase) for layer in layers for phase in Phase if fits(config, layer, phase)]
    while len(work) < 40:
        layer, phase = random_layer(rng, channels=24, size=9, batch=4), Phase(rng.choice(list(Phase)))
        if fits(config, layer, phase, 2, sums=phase == Phase.FP):
            work.append((layer, phase))
    jobs = alternating_jobs(work, config, rng)
    first = jobs[0]
    wrong = []
    for error, fields in _faults(config):
        entries = list(first.command.entries) * (MAX_ENTRIES + 1 if error == Error.ENTRIES else 1)
        command = replace(first.command, header={**first.command.header, **fields, "tag": len(wrong)}, entries=entries)
        wrong.append(Job(command, first.codes, error=error, inputs_written=True, weights_written=True))
    kept = plan(layers[1], Phase.WG, config, drain=False)
    more = plan(layers[1], Phase.WG, config, accumulate=True)
    codes = [random_codes(layers[1], rng, config.array.pint) for _ in range(2)]
    between = [Job(kept, codes[0]), *wrong, Job(more, codes[1])]
    between += [
        Job(plan(layer, phase, config, sums=phase == Phase.FP), random_codes(layer, rng, config.array.pint))
        for layer in (Layer(1, 2, 2, 900, 1, 3, 1, 1), Layer(1, 2, 2, 1, 500, 3, 1, 1), Layer(16, 40, 12))
        for phase in Phase
    ]
    between += [
        Job(plan(layer, Phase.FP, config, sums=sums), random_codes(layer, rng, config.array.pint))
        for layer, sums in (
            (Layer(1, 5, 3, 12, 12, 7, 1, 3), False),
            (Layer(1, 2, 3, 36, 8, 4, 1, 1), False),
            (Layer(1, 7, 3, 5, 4, 3, 1, 1), True),
            (Layer(3, 20, 5), True),
            (Layer(1, 7, 3, 5, 4, 3, 1, 1), True),
        )
    ]
    later = [replace(job, wait=(job.wait or 0) + 1 + len(between) * (n >= 5)) for n, job in enumerate(jobs)]
    return [wrong[-1], *later[:5], *between, *later[5:]]


def _sequencer() -> Design:
    array = ArrayConfig(2, 2, 3, 6, mac=MacForm.GENERIC)
    config = CCoreConfig(array, input_depth=256, weight_depth=512, psum_depth=128, images=64)

    def files(folder: Path) -> Mapping[str, Path]:
        file = folder / "program"
        file.write_bytes(program(_jobs(config), config, seed=_SEED, idle=0.2, stall=0.3)[0])
        return {"program": file}

    return Design(
        "ccore-sequencer",
        "ccore",
        lambda: CCore(config=config),
        "sim.testbench.ccore.ccore",
        60,
        {"result": os.devnull, "progress": os.devnull},
        unit="sequencer",
        memories=True,
        files=files,
    )


#: The designs of the C-Core.
CCORE_DESIGNS = (_input_network(), _weights(), _psums(), _drain(), _sequencer())
