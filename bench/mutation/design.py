"""A design that is mutated, and the bench that has to notice."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from amaranth.lib import wiring

from gen.verilog.emit import emit

__all__ = ["Design"]


@dataclass(frozen=True)
class Design:
    """A design and its bench.

    Parameters
    ----------
    name : str
    top : str
        Name of its Verilog module.
    make : callable
        Makes the component.
    bench : str
        Python module of the bench that the regression runs on the design.
    mutants : int
        Number of mutants.
    parameters : mapping
        Parameters of the bench, cut down to some seconds where it kills as well.
    seed : int
        Seed of the bench.
    unit : str, optional
        Module that is mutated, with all inside it; a submodule of `top`. By default `top`.
    instance : str, optional
        Name of its only instance; by default the module's.
    without : tuple of str
        Instances within the mutated module that another design mutates.
    memories : bool
        Whether memories stay memories, themselves not mutated; else they become registers.
    files : callable, optional
        Writes files that the bench reads into a folder, and returns what they add to `parameters`.
    testcase : str, optional
        The one test of the bench that runs; without it all do.
    """

    name: str
    top: str
    make: Callable[[], wiring.Component]
    bench: str
    mutants: int
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 1
    unit: str | None = None
    instance: str | None = None
    without: tuple[str, ...] = ()
    memories: bool = False
    files: Callable[[Path], Mapping[str, Any]] | None = None
    testcase: str | None = None

    @property
    def settings(self) -> dict[str, str]:
        """Variables of cocotb: the first failure ends the bench; of a bench with a test case only that runs."""
        filters = {"COCOTB_TEST_FILTER": rf"\.(selects_mutant|{self.testcase})$"} if self.testcase else {}
        return {"COCOTB_MAX_FAILURES": "1", **filters}

    @property
    def mutated(self) -> str:
        """Name of the module that is mutated."""
        return self.unit or self.top

    def verilog(self) -> str:
        """Verilog of the design, as `gradgate generate` writes it."""
        return emit(self.make(), self.top)

    def prepared(self, folder: Path) -> "Design":
        """The design with the files of its bench in `folder`."""
        if self.files is None:
            return self
        return replace(self, parameters={**self.parameters, **self.files(folder.resolve())}, files=None)
