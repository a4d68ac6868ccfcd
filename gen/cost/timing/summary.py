"""What the timing of a design comes to: worst paths, modules, and the spread of all endpoints."""

import math
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from .analysis import Analysis, Endpoint
from .models import MODELS, Model
from .netlist import Netlist

__all__ = ["levels", "summarise", "table"]

#: Paths that are listed.
_PATHS = 10
#: Width of a bar of the histogram.
_STEP_NS = 0.25


def summarise(netlist: Netlist, period: float, progress: Callable[[str], None] = lambda name: None) -> dict[str, Any]:
    """Return the static timing under each model, as JSON has it.

    Parameters
    ----------
    netlist : Netlist
    period : float
        Clock period, ns.
    progress : callable
        Called with what is being done.
    """
    models = []
    for model in MODELS:
        progress(f"timing by model {model.name}")
        models.append(_summary(Analysis(netlist, model), model, period))
    return {"period_ns": period, "models": models}


def _summary(analysis: Analysis, model: Model, period: float) -> dict[str, Any]:
    ends = analysis.endpoints
    paths, groups, counts, over = {}, {}, Counter(), Counter()
    for end in ends:
        name = analysis.end(end)
        group = _module(name)
        counts[group] += 1
        over[group] += _ns(end) > period
        groups.setdefault(group, end)
        if len(paths) < _PATHS:
            # Bits of one register have much the same path: one stands for all.
            paths.setdefault((_without_numbers(name), end.pin.partition("[")[0]), end)
    return {
        "name": model.name,
        "cells": model.cells,
        "nets": model.nets,
        "error": model.error,
        "worst_ns": _ns(ends[0]) if ends else None,
        "endpoints": len(ends),
        "over": sum(over.values()),
        "unknown": dict(analysis.unknown),
        "paths": [_path(analysis, end, period) for end in paths.values()],
        "modules": [
            {"module": group, "endpoints": counts[group], "over": over[group], **_path(analysis, end, period)}
            for group, end in groups.items()
        ],
        "histogram": {"step_ns": _STEP_NS, "endpoints": _histogram(ends)},
    }


def _ns(end: Endpoint) -> float:
    return round(end.delay / 1000, 3)


def _path(analysis: Analysis, end: Endpoint, period: float) -> dict[str, Any]:
    path = analysis.path(end)
    return {"delay_ns": _ns(end), "slack_ns": round(period - _ns(end), 3), **vars(path)}


def _histogram(ends: list[Endpoint]) -> list[int]:
    """Return how many endpoints lie in each step from 0 on."""
    bars = Counter(math.floor(_ns(end) / _STEP_NS) for end in ends)
    return [bars[number] for number in range(max(bars, default=-1) + 1)]


def _without_numbers(name: str) -> str:
    """Return a name that its equals in an array share."""
    return re.sub(r"\[\d+\]", "", re.sub(r"\$.*", "", name))


def _module(name: str) -> str:
    """Return the instance that an endpoint is in; instances of an array count as one."""
    parts = _without_numbers(name).lstrip("\\").split(".")[:-1]
    return ".".join(re.sub(r"(_\d+)+$", "_*", part) for part in parts) or "(top)"


def table(result: dict[str, Any]) -> str:
    """Return the summary as text."""
    lines = ["Static timing of the netlist: no place and route, no statement about a clock that a device reaches."]
    for model in result["models"]:
        lines += ["", f"Model {model['name']}: {model['cells']}; nets: {model['nets']}.", f"Error: {model['error']}."]
        if model["unknown"]:
            names = ", ".join(f"{number} {name}" for name, number in model["unknown"].items())
            lines.append(f"Without delays, so no path counts through: {names}.")
        if not model["endpoints"]:
            lines.append("No path ends at a register.")
            continue
        worst = f"Worst {model['worst_ns']:.3f} ns; {model['over']:,} of {model['endpoints']:,} endpoints"
        lines.append(f"{worst} over {result['period_ns']:g} ns.")
        lines.append(f"{'ns':>8}{'slack':>8}{'fan-out':>9}  {'levels':<24}start -> end")
        lines += [_line(path) for path in model["paths"]]
        lines += ["", f"{'ns':>8}{'over':>8}{'ends':>9}  {'levels':<24}module: worst start"]
        lines += [
            f"{each['delay_ns']:8.3f}{each['over']:8,}{each['endpoints']:9,}  {levels(each):<24}"
            f"{each['module']}: {each['start']}"
            for each in model["modules"]
        ]
    return "\n".join(lines)


def _line(path: dict[str, Any]) -> str:
    numbers = f"{path['delay_ns']:8.3f}{path['slack_ns']:8.3f}{path['fan_out']:9,}"
    return f"{numbers}  {levels(path):<24}{path['start']} -> {path['end']}"


def levels(path: dict[str, Any]) -> str:
    """Return the levels of a path in words."""
    return " ".join(f"{number} {kind}" for kind, number in sorted(path["levels"].items())) or "none"
