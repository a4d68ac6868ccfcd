"""Who may import whom: the direction rules of the packages, held over the source of every file."""

import ast
import graphlib
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("hw", "gen", "sim", "bench", "tests")

#: Folder -> folders of this repository that it may import; the longest name that fits decides. A folder stands for all
#: that is in it, FOLDER.* for the files right in it.
LOCAL = {
    "hw": (),
    # What software sees: of each machine its own, and what they share.
    "hw.arch": ("hw.arch",),
    "hw.arch.array": ("hw.arch.*", "hw.arch.array"),
    "hw.arch.ccore": ("hw.arch.*", "hw.arch.array", "hw.arch.ccore"),
    "hw.arch.acore": ("hw.arch.*", "hw.arch.acore"),
    "hw.arch.taxonn": ("hw.arch.*", "hw.arch.taxonn"),
    # What every machine uses, and what knows no machine.
    "hw.lib": ("hw.lib",),
    "hw.lib.axi": ("hw.lib.*", "hw.lib.axi"),
    "hw.lib.memory": ("hw.lib.*", "hw.lib.memory"),
    "hw.arith": ("hw.arch.*", "hw.lib", "hw.arith"),
    # The machines: none imports another, but the C-Core its array.
    "hw.mac": ("hw.arch.*", "hw.arch.array", "hw.lib", "hw.arith", "hw.mac"),
    "hw.array": ("hw.arch.*", "hw.arch.array", "hw.lib", "hw.arith", "hw.mac", "hw.array"),
    "hw.ccore": ("hw.arch.*", "hw.arch.array", "hw.arch.ccore", "hw.lib", "hw.array", "hw.ccore"),
    "hw.acore": ("hw.arch.*", "hw.arch.acore", "hw.lib", "hw.arith", "hw.acore"),
    "hw.taxonn": ("hw.arch.*", "hw.arch.taxonn", "hw.lib", "hw.arith", "hw.taxonn"),
    "hw.boards": ("hw.arch.*", "hw.lib", "hw.boards"),
    "hw.bringup": ("hw.arch.*", "hw.arch.array", "hw.lib", "hw.arith", "hw.array", "hw.bringup"),
    # Networks as data, and the compiler, which knows neither hardware nor simulation.
    "gen": ("gen.*", "gen.commands", "gen.verilog"),
    "gen.model": ("hw.arch.*", "gen.model"),
    "gen.compiler": ("hw.arch", "gen.model", "gen.compiler"),
    "gen.compiler.acore": ("hw.arch.*", "hw.arch.acore", "gen.model", "gen.compiler.acore"),
    "gen.compiler.ccore": ("hw.arch.*", "hw.arch.array", "hw.arch.ccore", "gen.model", "gen.compiler.ccore"),
    # What makes files of hardware.
    "gen.verilog": ("hw.lib", "hw.arch", "gen.*", "gen.verilog"),
    "gen.cost": ("hw", "gen.*", "gen.verilog", "gen.cost"),
    "gen.boards": ("hw", "sim.golden", "gen.*", "gen.verilog", "gen.boards"),
    "gen.commands": ("hw", "gen", "sim"),
    "gen.commands.options": ("hw.arch", "gen.*", "gen.model", "gen.verilog", "gen.commands.options"),
    "gen.reference": ("hw.arch", "gen"),
    # Golden: formats, networks and commands, never hardware.
    "sim": (),
    "sim.golden": ("hw.arch", "gen.model", "sim.golden"),
    "sim.golden.array": ("hw.arch.*", "hw.arch.array", "sim.golden.*", "sim.golden.array"),
    "sim.golden.ccore": (
        "hw.arch.*",
        "hw.arch.array",
        "hw.arch.ccore",
        "gen.model",
        "gen.compiler.ccore",
        "sim.golden.*",
        "sim.golden.array",
        "sim.golden.ccore",
    ),
    "sim.golden.acore": (
        "hw.arch.*",
        "hw.arch.acore",
        "gen.compiler.acore",
        "sim.golden.*",
        "sim.golden.step",
        "sim.golden.acore",
    ),
    "sim.golden.step": ("hw.arch.*", "gen.model", "sim.golden.*", "sim.golden.step"),
    "sim.golden.taxonn": ("hw.arch.*", "hw.arch.taxonn", "sim.golden.*", "sim.golden.taxonn"),
    # Simulation: a bench sees ports and golden; what emits hardware starts it.
    "sim.rtl": ("hw.arch.*", "sim.rtl"),
    "sim.testbench": ("hw.arch", "gen.model", "gen.compiler", "sim.golden", "sim.rtl", "sim.testbench"),
    "sim.engine": (
        "hw",
        "gen.*",
        "gen.model",
        "gen.compiler",
        "gen.verilog",
        "sim.golden",
        "sim.rtl",
        "sim.training",
        "sim.engine",
    ),
    "sim.workloads": ("hw", "gen.model", "gen.compiler", "sim.golden", "sim.engine", "sim.workloads"),
    "sim.training": ("hw.arch", "gen.model", "sim.golden", "sim.training"),
    "sim.charts": ("hw.arch.*", "sim.training", "sim.charts"),
    "bench": ("hw", "gen", "sim", "bench"),
    "tests": ("hw", "gen", "sim", "tests"),
    "tests.bench": ("hw", "gen", "sim", "bench", "tests"),
}

#: Folder -> the only distributions beside the standard library that it may import.
FOREIGN = {
    "hw": ("amaranth", "amaranth_boards"),
    "gen.model": (),
    "gen.compiler": (),
    "sim.golden": ("numpy",),
}

#: What only one folder may import.
SINGLE = {
    "amaranth.back.verilog": "gen.verilog",
    "amaranth.back.rtlil": "gen.verilog",
    "amaranth.lib.memory": "hw.lib.memory",
    "cocotb_test": "sim.rtl",
    "cocotb_tools": "sim.rtl",
}


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def allows(entry: str, name: str) -> bool:
    """Whether an entry of a rule covers an imported name."""
    folder, right_in, _ = entry.partition(".*")
    if not right_in:
        return within(name, folder)
    inner = name.removeprefix(folder + ".").split(".")[0]
    return within(name, folder) and not ROOT.joinpath(*folder.split("."), inner).is_dir()


def rule(table: dict, module: str):
    fitting = [package for package in table if within(module, package)]
    return table[max(fitting, key=len)] if fitting else None


@cache
def imports(module: str, source: str, is_package: bool = False) -> set[str]:
    """Return the dotted names that the source imports, relative ones resolved."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            up = module.split(".")[: len(module.split(".")) - node.level + is_package] if node.level else []
            base = ".".join([*up, *([node.module] if node.module else [])])
            found |= {f"{base}.{alias.name}" for alias in node.names}
    return found


def violations(module: str, source: str, is_package: bool = False) -> list[str]:
    """Return one sentence for each import of `source` that breaks a rule."""
    found = []
    for name in sorted(imports(module, source, is_package)):
        top = name.split(".")[0]
        if top in PACKAGES:
            if not any(allows(entry, name) for entry in rule(LOCAL, module) or ()):
                found.append(f"{module} may not import {name}")
        elif top not in sys.stdlib_module_names:
            allowed = rule(FOREIGN, module)
            if allowed is not None and top not in allowed:
                found.append(f"{module} may not import {name}")
        for single, owner in SINGLE.items():
            if within(name, single) and not within(module, owner):
                found.append(f"only {owner} may import {single}, not {module}")
    return found


@cache
def sources() -> list[tuple[str, str, bool]]:
    """Return (module, source, is_package) for every file of the packages that the rules cover."""
    files = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            is_package = parts[-1] == "__init__"
            files.append((".".join(parts[:-1] if is_package else parts), path.read_text(), is_package))
    return files


def cycle(modules: dict[str, set[str]]) -> list[str] | None:
    """Return the modules of one import cycle, or None."""
    graph = {
        module: {target for name in names for target in modules if target != module and within(name, target)}
        for module, names in modules.items()
    }
    # A module does not depend on the packages around the modules that it imports.
    graph = {m: {t for t in ts if not any(o != t and within(o, t) for o in ts | {m})} for m, ts in graph.items()}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return error.args[1]
    return None


def test_every_import_keeps_the_direction():
    assert len(sources()) > 10
    assert [v for file in sources() for v in violations(*file)] == []


def folders() -> set[str]:
    """Folders with Python code, dotted."""
    return {module if is_package else module.rpartition(".")[0] for module, _, is_package in sources()}


def test_rules_are_for_folders_and_every_folder_has_one():
    named = {
        *LOCAL,
        *FOREIGN,
        *SINGLE.values(),
        *(entry.removesuffix(".*") for rule in LOCAL.values() for entry in rule),
    }
    assert [name for name in sorted(named) if not ROOT.joinpath(*name.split(".")).is_dir()] == []
    rooms = {
        name for name in folders() if name.count(".") < 2 and not within(name, "tests") and not within(name, "bench")
    }
    assert sorted(rooms - {*LOCAL}) == []


def test_no_circle_of_folders():
    """Folders that lie within each other apart."""
    graph = {folder: set() for folder in folders()}
    for module, source, is_package in sources():
        here = module if is_package else module.rpartition(".")[0]
        for name in imports(module, source, is_package):
            there = max((folder for folder in graph if within(name, folder)), key=len, default=here)
            if not within(there, here) and not within(here, there):
                graph[here].add(there)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_no_import_cycle():
    found = cycle({module: imports(module, source, is_package) for module, source, is_package in sources()})
    assert found is None, " -> ".join(found or [])


@pytest.mark.parametrize(
    ("module", "source", "message"),
    [
        ("hw.arch.array.config", "import hw.mac.mac", "hw.arch.array.config may not import hw.mac.mac"),
        ("hw.arch.array.config", "from ...mac import mac", "hw.arch.array.config may not import hw.mac.mac"),
        ("hw.arith.decoder", "from hw.array import pe", "hw.arith.decoder may not import hw.array.pe"),
        ("hw.mac.mac", "def f():\n    from sim.golden import pint", "hw.mac.mac may not import sim.golden.pint"),
        ("hw.ccore.inputs", "from hw.eta import top", "hw.ccore.inputs may not import hw.eta.top"),
        ("hw.array.pe", "from gen.verilog.emit import emit", "hw.array.pe may not import gen.verilog.emit.emit"),
        ("hw.acore.lane", "from hw.taxonn import pe", "hw.acore.lane may not import hw.taxonn.pe"),
        ("hw.arch.ccore.drain", "import hw.arch.acore", "hw.arch.ccore.drain may not import hw.arch.acore"),
        ("gen.verilog.emit", "import gen.compiler.steps", "gen.verilog.emit may not import gen.compiler.steps"),
        ("gen.compiler.steps", "import numpy", "gen.compiler.steps may not import numpy"),
        ("tests.acore.test_units", "from bench import demo", "tests.acore.test_units may not import bench.demo"),
        ("hw.array.pe", "import tests", "hw.array.pe may not import tests"),
        ("hw.array.pe", "import numpy", "hw.array.pe may not import numpy"),
        ("sim.golden.conv", "from hw.array.pe import Pe", "sim.golden.conv may not import hw.array.pe.Pe"),
        ("sim.golden.conv", "from sim.rtl.runner import build", "sim.golden.conv may not import sim.rtl.runner.build"),
        ("sim.golden.conv", "import amaranth", "sim.golden.conv may not import amaranth"),
        ("gen.verilog.manifest", "from sim.rtl import runner", "gen.verilog.manifest may not import sim.rtl.runner"),
        (
            "gen.cli",
            "from amaranth.back import verilog",
            "only gen.verilog may import amaranth.back.verilog, not gen.cli",
        ),
        ("bench.demo", "import cocotb_test", "only sim.rtl may import cocotb_test, not bench.demo"),
    ],
)
def test_a_wrong_import_is_found(module, source, message):
    assert message in violations(module, source)


def test_a_cycle_is_found():
    modules = {"hw": set(), "hw.a": {"hw.b.B"}, "hw.b": {"hw.c"}, "hw.c": {"hw.a.A"}}
    assert set(cycle(modules) or []) == {"hw.a", "hw.b", "hw.c"}
    assert cycle(modules | {"hw.c": set()}) is None
