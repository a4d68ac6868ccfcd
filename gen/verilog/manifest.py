"""The manifest: what was generated, for tools and for the report."""

import hashlib
import json
from pathlib import Path
from typing import Any

from amaranth.hdl import Shape
from amaranth.lib import data, wiring

from gen.errors import UserError

from .tidy import Port

__all__ = ["NAME", "describe_ports", "dump", "load", "sha256"]

NAME = "manifest.json"
_KEYS = {"target", "parameters", "top", "files", "clock", "reset", "ports", "latency", "macs_per_cycle", "sha256"}


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
    if missing := _KEYS - manifest.keys():
        raise ValueError(f"A manifest must have the keys {', '.join(sorted(_KEYS))}, not lack {sorted(missing)}")
    return json.dumps(manifest, indent=2) + "\n"


def load(folder: Path) -> dict:
    """Return the manifest in `folder`, after a check that its files are those that were written.

    Raises
    ------
    UserError
        If there is no readable manifest, or a file is missing or altered.
    """
    path = folder / NAME
    try:
        manifest = json.loads(path.read_text())
    except OSError as error:
        reason = f"{NAME}: {error.strerror}"
        raise UserError(f"A report needs a folder that gradgate generate wrote, not {folder} ({reason})") from None
    except ValueError:
        raise UserError(f"{path} must be a JSON manifest that gradgate generate wrote") from None
    if not isinstance(manifest, dict) or _KEYS - manifest.keys():
        raise UserError(f"{path} must have the keys {', '.join(sorted(_KEYS))}")
    for name, digest in manifest["sha256"].items():
        try:
            content = (folder / name).read_text()
        except (OSError, UnicodeDecodeError):
            raise UserError(f"{folder / name} must be there and readable, as {NAME} lists it") from None
        if sha256(content) != digest:
            raise UserError(f"{folder / name} must have the SHA-256 of {NAME}, not {sha256(content)[:12]}...")
    return manifest
