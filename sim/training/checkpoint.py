"""Checkpoints of training runs: what one holds, and how a file is checked before it is used."""

import json
import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import NoReturn

import numpy as np

from hw.arch.checks import ConfigError, check_form

from .replacing import replacing
from .settings import Epoch, Settings

__all__ = ["Checkpoint", "CheckpointError"]

_VERSION = 2
#: The form of the text beside the arrays. Version 1 had no `planned` in its epochs.
_SETTINGS = {each.name: each.type for each in fields(Settings)}
_EPOCH = {each.name: each.type for each in fields(Epoch)}
_FORM = {"version": range(1, _VERSION + 1), "settings": _SETTINGS, "images": str, "epochs": [{}]}
#: Bits of the integers of an array, by its name; the first that fits.
_BITS = (
    (re.compile(r"ref|.*\.exponent"), 12),
    (re.compile(r".*\.(w|w8|v)"), 16),
    (re.compile(r".*\.velocity"), 25),
    (re.compile(r".*"), 32),
)


class CheckpointError(ConfigError):
    """Why a checkpoint cannot be used, in one sentence."""


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds of a run between two epochs.

    Parameters
    ----------
    path : Path
    settings : Settings
    images : str
        Number and kind of the images.
    epochs : list of Epoch
        Those that are done.
    arrays : dict of arrays, by name
        What :meth:`Engine.state` gives.
    """

    path: Path
    settings: Settings
    images: str
    epochs: list[Epoch]
    arrays: dict[str, np.ndarray]

    def save(self) -> None:
        """Write the file, whole or not at all."""
        meta = {
            "version": _VERSION,
            "settings": asdict(self.settings),
            "images": self.images,
            "epochs": [asdict(each) for each in self.epochs],
        }
        with replacing(self.path) as scratch, scratch.open("wb") as file:
            np.savez(file, allow_pickle=False, **self.arrays | {"meta": np.array(json.dumps(meta))})

    @classmethod
    def load(cls, path: Path) -> "Checkpoint":
        """Read a file.

        Raises
        ------
        CheckpointError
            If the file is not a checkpoint, or one of its settings is missing, unknown, of another type or wrong.
        """
        meta, arrays = _read(path)
        _check_keys(path, meta, _FORM)
        _check_keys(path, meta["settings"], _SETTINGS, "settings")
        try:
            settings = Settings(**meta["settings"])
        except ConfigError as error:
            raise _wrong_settings(path, error) from None
        epochs = []
        for number, each in enumerate(meta["epochs"]):
            facts = {"planned": settings.epochs, **each} if meta["version"] == 1 else each
            _check_keys(path, facts, _EPOCH, f"epochs[{number}]")
            epochs.append(Epoch(**facts))
        if len(epochs) > settings.epochs:
            rule = f"at most the {settings.epochs} of the settings, not {len(epochs)}"
            raise CheckpointError(f"Key epochs of checkpoint {path} must be {rule}")
        return cls(path, settings, meta["images"], epochs, arrays)

    def wrong_settings(self, error: ConfigError) -> CheckpointError:
        """The error that says which file a wrong setting is from."""
        return _wrong_settings(self.path, error)

    def check_images(self, images: str) -> None:
        """Raise a CheckpointError unless the run saw these images."""
        if self.images != images:
            raise CheckpointError(f"Checkpoint {self.path} needs the data {self.images}, not {images}")

    def check_arrays(self, state: Mapping[str, np.ndarray], steps: int) -> None:
        """Check the arrays against those of a new run, which have the same names, types and shapes.

        Parameters
        ----------
        state : mapping of arrays
            :meth:`Engine.state` of the new run.
        steps : int
            Steps of an epoch.

        Raises
        ------
        CheckpointError
            Naming file, array and rule.
        """
        _check_known(self.path, "array", self.arrays, state)
        for name, expected in state.items():
            if name not in self.arrays:
                raise CheckpointError(f"Checkpoint {self.path} must have the array {name}")
            found = self.arrays[name]
            if (found.dtype, found.shape) != (expected.dtype, expected.shape):
                self._refuse(name, f"{_kind(expected)}, not {_kind(found)}")
            if np.issubdtype(found.dtype, np.integer):
                self._check_integers(name, found)
        if "step" in state and self.arrays["step"] != len(self.epochs) * steps:
            self._refuse("step", f"{len(self.epochs) * steps}, {steps} an epoch, not {self.arrays['step']}")
        if "histories" in state and not np.array_equal(self.arrays["histories"][:, :2], state["histories"][:, :2]):
            self._refuse("histories", "of the layers and tensors of the network, but names others")

    def _check_integers(self, name: str, found: np.ndarray) -> None:
        bits = next(bits for pattern, bits in _BITS if pattern.fullmatch(name))
        for value in (found.min(), found.max()):
            if not -(1 << bits - 1) <= value < 1 << bits - 1:
                self._refuse(name, f"of {bits} bits, but holds {value}")

    def _refuse(self, name: str, rule: str) -> NoReturn:
        raise CheckpointError(f"Array {name} of checkpoint {self.path} must be {rule}")


def _wrong_settings(path: Path, error: ConfigError) -> CheckpointError:
    return CheckpointError(f"{error}, in the settings of checkpoint {path}")


def _read(path: Path) -> tuple[dict, dict[str, np.ndarray]]:
    """Return the text beside the arrays as the object that it is, and the arrays."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise CheckpointError(f"Checkpoint must be a file, but {path} does not exist") from None
    except OSError as error:
        raise CheckpointError(f"Checkpoint must be readable, but {path} is not ({error.strerror})") from None
    with file:
        try:
            with np.load(file, allow_pickle=False) as opened:
                arrays = {name: opened[name] for name in opened.files}
            return json.loads(str(arrays.pop("meta"))), arrays
        except Exception:  # NumPy, zipfile and zlib raise whatever a file that is no checkpoint leads them to.
            raise CheckpointError(f"Checkpoint must be written by gradgate train, which {path} is not") from None


def _check_keys(path: Path, found: object, form: dict, key: str = "") -> None:
    """Check that an object has the keys of a form, of its types, and no others."""
    try:
        check_form(f"checkpoint {path}", found, form, key)
    except ConfigError as error:
        sentence = str(error)
        raise CheckpointError(sentence[0].upper() + sentence[1:]) from None
    assert isinstance(found, dict)
    _check_known(path, "key", [f"{key}.{name}".lstrip(".") for name in found], {f"{key}.{n}".lstrip(".") for n in form})


def _check_known(path: Path, what: str, found: Iterable[str], known: Container[str]) -> None:
    for name in found:
        if name not in known:
            raise CheckpointError(f"Checkpoint {path} must not have the {what} {name}")


def _kind(array: np.ndarray) -> str:
    return f"{array.dtype} of {'x'.join(map(str, array.shape))}" if array.ndim else f"one {array.dtype}"
