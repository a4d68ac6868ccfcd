"""Training of a TaxoNN network on the generated Verilog."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hw.arch.taxonn.config import TaxonnConfig
from hw.arch.taxonn.registers import weight_address
from sim.golden.taxonn import schedule
from sim.golden.taxonn.layer import rate_code
from sim.golden.taxonn.noise import layer_key
from sim.rtl import runner
from sim.rtl.watch import watched
from sim.training.taxonn import run as taxonn

__all__ = ["PHASES", "Trained", "train"]

#: Phases of a training step whose cycles the machine counts.
PHASES = ("forward", "backward", "update")


@dataclass(frozen=True)
class Trained:
    """What the machine came to.

    Parameters
    ----------
    weights : list of int64 arrays
    right : bool array
        Whether each training sample was classified correctly before its update, in the order of the steps.
    test_accuracy : float
        Percent.
    cycles : dict
        Cycles of all steps by phase.
    """

    weights: list[np.ndarray]
    right: np.ndarray
    test_accuracy: float
    cycles: dict[str, int]


def train(run: taxonn.Run, verilog: str, progress: Callable[[int | None], None] = lambda step: None) -> Trained:
    """Train on the module `taxonn` of `verilog`, and test.

    Parameters
    ----------
    run : taxonn.Run
    verilog : str
        Of the machine of `run.config`.
    progress : callable
        Called twice a second from another thread with the number of samples that went in, None while the simulator
        is compiled.

    Raises
    ------
    sim.rtl.runner.SimulationError
        If the simulation fails.
    """
    config, (training, test) = run.config, taxonn.data(run)
    start = taxonn.start(run)
    orders = np.array([schedule.epoch_order(run.seed, epoch, len(training)) for epoch in range(run.epochs)])
    rates = [schedule.epoch_rate(run.rate, epoch, run.epochs) for epoch in range(run.epochs)]
    keys = [layer_key(run.seed, i + 1) for i in range(config.depth)]
    with tempfile.TemporaryDirectory() as folder:
        program, result, steps = (Path(folder, name) for name in ("program.npz", "result.npz", "steps.txt"))
        np.savez(
            program,
            depth=config.depth,
            x=taxonn.codes(run, training.images),
            labels=training.labels,
            test=taxonn.codes(run, test.images),
            orders=orders,
            rates=np.array([[rate_code(rate, form) for form in config.formats] for rate in rates]),
            keys=np.array([[key & 0xFFFFFFFF, key >> 32] for key in keys]),
            **dict[str, Any]((f"weights_{i}", values) for i, values in enumerate(start)),
            **dict[str, Any]((f"addresses_{i}", values) for i, values in enumerate(_addresses(config))),
        )
        with watched(steps, progress):
            runner.simulate(
                top="taxonn",
                verilog=verilog,
                bench="sim.testbench.taxonn.train",
                parameters={"program": program, "result": result, "progress": steps},
                timeout=24 * 3600,
            )
        found = dict(np.load(result))
    told, tested = np.split(found["best"], [orders.size])
    count, *cycles = found["cycles"].tolist()
    if count != orders.size:
        raise runner.SimulationError(f"The machine must have trained {orders.size} steps, not {count}")
    return Trained(
        [found[f"weights_{i}"] for i in range(config.depth)],
        told == training.labels[orders.ravel()],
        100 * float(np.mean(tested == test.labels)),
        dict(zip(PHASES, cycles, strict=True)),
    )


def _addresses(config: TaxonnConfig) -> list[np.ndarray]:
    """Return the address of each weight, in the shape of the weights."""
    return [
        np.array(
            [[weight_address(i, *config.place(i, row, column)) for column in range(columns)] for row in range(rows)]
        )
        for i, (rows, columns) in enumerate(config.shapes)
    ]
