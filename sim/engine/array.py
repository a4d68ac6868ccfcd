"""Runs programs of the array on the generated Verilog."""

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from gen.verilog.emit import emit
from hw.arch.array.config import ArrayConfig, MacForm
from hw.array.array import Array
from sim.golden.array import array as golden
from sim.golden.array.program import CONTROL_FIELDS, Program
from sim.rtl import runner
from sim.rtl.models import DSP48E1

__all__ = ["HIERARCHICAL_MACS", "MODELS", "Result", "execute", "generated"]

#: Simulation models that the Verilog of a form of the MAC needs.
MODELS = {MacForm.DSP: (DSP48E1,), MacForm.SHIFT: (), MacForm.GENERIC: ()}

#: Arrays of more MACs than this are built by Verilator cluster by cluster.
HIERARCHICAL_MACS = 200


@dataclass(frozen=True)
class Result:
    """What a program left behind.

    memory : int64, partial sums after it, by flat address.
    valid_cycles : cycles in which cluster 0 gave results; cycle 0 is that of the program's first word.
    latency : of the array.
    """

    memory: np.ndarray
    valid_cycles: np.ndarray
    latency: int


@cache
def generated(config: ArrayConfig) -> str:
    """Verilog of the array."""
    return emit(Array(config=config), "array")


def execute(program: Program, memory: np.ndarray, seed: int = 1) -> Result:
    """Run a program on the Verilog of its array and check every port in every cycle against golden.

    Parameters
    ----------
    program : Program
    memory : int64
        Partial sums before the program, by flat address.
    seed : int
        Seed of what the bench feeds where nobody looks.

    Raises
    ------
    sim.rtl.runner.SimulationError
        If a port differs from golden in any cycle.
    """
    config = program.config
    latency = Array.latency_of(config)
    expected = np.zeros_like(program.address)
    values = golden.run(program.passes, config, memory.copy())
    for start, each, value in zip(program.starts, program.passes, values, strict=True):
        first = program.first_result(start, each)
        expected[first : first + len(value)] = value
    with tempfile.TemporaryDirectory() as folder:
        source, result = Path(folder, "program.npz"), Path(folder, "result.npz")
        np.savez(
            source,
            x=program.x,
            w=program.w,
            e=program.e,
            address=program.address,
            expected=expected,
            memory=memory,
            seed=seed,
            k=config.pint.k,
            acc_bits=config.acc_bits,
            latency=latency,
            allow_pickle=False,
            **{name: program.control[name] for name in CONTROL_FIELDS},
        )
        runner.simulate(
            top="array",
            verilog=generated(config),
            bench="sim.testbench.array.array",
            models=MODELS[config.mac],
            parameters={"program": source, "result": result},
            hier_blocks=("cluster",) if config.macs > HIERARCHICAL_MACS else (),
            seed=seed,
        )
        data = np.load(result)
        return Result(data["memory"], data["valid_cycles"], latency)
