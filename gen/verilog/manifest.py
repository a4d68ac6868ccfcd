"""The manifest: what was generated, for tools and for the report."""

import hashlib
import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from amaranth.hdl import Shape
from amaranth.lib import data, wiring

from gen.errors import UserError
from hw.arch.checks import ConfigError, check_form

from .tidy import Port

__all__ = ["NAME", "REPORTS", "describe_ports", "dump", "earlier", "load", "sha256"]

NAME = "manifest.json"
#: What `gradgate report` writes beside it.
REPORTS = ("report.json",)

#: Names that stay in the folder of the manifest, and what Verilog takes for a name.
_FILE, _WORD = re.compile(r"[\w-][\w.-]*", re.ASCII), re.compile(r"[A-Za-z_]\w*", re.ASCII)
_COUNT = range(1 << 62)
#: The form of a manifest (see :func:`hw.arch.checks.check_form`); more keys are allowed.
_FORM = {
    "target": _WORD,
    "parameters": dict,
    "top": _WORD,
    "files": [{"name": _FILE, "kind": str, "simulation": bool}],
    "clock": {"port": _WORD, "period_ns": float},
    "reset": (None, {"port": _WORD, "active": frozenset({"high", "low"}), "synchronous": bool}),
    "ports": [
        {
            "name": _WORD,
            "direction": frozenset({"input", "output", "inout"}),
            "width": range(1, 1 << 62),
            "signed": bool,
        }
    ],
    "latency": _COUNT,
    "macs_per_cycle": _COUNT,
    "sha256": {str: re.compile("[0-9a-f]{64}")},
}


def describe_ports(component: wiring.Component, ports: list[Port]) -> list[dict]:
    """Return name, direction, width and sign of each Verilog port; Verilog itself declares all unsigned.

    A port of several values has a `layout` too: `fields` with their offset, or `length` and `element`.
    """
    shapes = {"__".join(map(str, path)): member.shape for path, member, _ in component.signature.flatten(component)}
    return [
        {"name": port.name, "direction": port.direction, **_shape(shapes.get(port.name, port.width))} for port in ports
    ]


def _shape(shape: Any) -> dict:
    """Return width and sign of a shape, and its layout where it has one."""
    if isinstance(shape, type) and issubclass(shape, data.Struct):
        shape = data.Layout.cast(shape)
    plain = Shape.cast(shape)
    description = {"width": plain.width, "signed": plain.signed}
    if isinstance(shape, data.ArrayLayout):
        description["layout"] = {"length": shape.length, "element": _shape(shape.elem_shape)}
    elif isinstance(shape, data.Layout):
        named: Any = shape  # pyright takes a layout for one without iterator
        fields = [{"name": name, "offset": field.offset, **_shape(field.shape)} for name, field in named]
        description["layout"] = {"fields": fields}
    return description


def sha256(content: str) -> str:
    """Return the SHA-256 of a text file's content in hexadecimal."""
    return hashlib.sha256(content.encode()).hexdigest()


def dump(manifest: dict) -> str:
    """Return the text of a manifest."""
    check_form("A manifest", manifest, _FORM)
    return json.dumps(manifest, indent=2) + "\n"


def _read(folder: Path) -> dict:
    """Return the manifest in `folder`, of the right form.

    Raises
    ------
    OSError
        If it cannot be read.
    ConfigError
        If it is not of the form.
    """
    path = folder / NAME
    try:
        manifest = json.loads(path.read_text())
    except (ValueError, RecursionError):
        raise ConfigError(f"{path} must be a JSON manifest that gradgate generate wrote") from None
    check_form(str(path), manifest, _FORM)
    for file in manifest["files"]:
        if file["name"] not in manifest["sha256"]:
            raise ConfigError(f"Key sha256 of {path} must have the file {file['name']}")
    for name in manifest["sha256"]:
        check_form(str(path), name, _FILE, "sha256")
    return manifest


def load(folder: Path) -> dict:
    """Return the manifest in `folder`, after a check that its files are those that were written.

    Raises
    ------
    UserError
        If there is no readable manifest, or a file is missing or altered.
    """
    try:
        manifest = _read(folder)
    except OSError as error:
        reason = f"{NAME}: {error.strerror}"
        raise UserError(f"A report needs a folder that gradgate generate wrote, not {folder} ({reason})") from None
    except ConfigError as error:
        raise UserError(str(error)) from None
    for name, digest in manifest["sha256"].items():
        content = _content(folder / name)
        if content is None:
            raise UserError(f"{folder / name} must be there and readable, as {NAME} lists it")
        if sha256(content) != digest:
            raise UserError(f"{folder / name} must have the SHA-256 of {NAME}, not {sha256(content)[:12]}...")
    return manifest


def _content(path: Path) -> str | None:
    """Return the text of a file, None if it cannot be read."""
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return None


def earlier(folder: Path, names: Collection[str]) -> tuple[list[str], list[str]]:
    """Return what an earlier generation left in `folder` beside the files `names`.

    Returns
    -------
    ours : list of str
        Files as they were written, and reports on them.
    changed : list of str
        Files that someone has changed since.
    """
    try:
        digests = _read(folder)["sha256"]
    except (OSError, ConfigError):
        return [], []
    contents = {name: _content(folder / name) for name in digests if name not in names}
    found = {name: content for name, content in contents.items() if content is not None}
    ours = [name for name, content in found.items() if sha256(content) == digests[name]]
    reports = [name for name in REPORTS if (folder / name).is_file()]
    return ours + reports, [name for name in found if name not in ours]
