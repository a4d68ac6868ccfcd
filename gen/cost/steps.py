"""How far a run of Yosys is, by its log."""

import re
import time

__all__ = ["Steps"]

_PASS = re.compile(r"^\s*\d+\.(\d+)\.(?:[\d.]*)? Executing (\S+)", re.MULTILINE)
#: Steps of synth_xilinx up to the mapping into LUTs, and the share of the time that they take of large designs.
_BEFORE, _SHARE_BEFORE = 47, 0.45
#: Share of mapping; the rest is writing.
_SHARE_MAPPING = 0.5


class Steps:
    """Reads the log of a synthesis as it grows and estimates what is left.

    Parameters
    ----------
    modules : int
        Number of modules to map into LUTs, one after the other.
    """

    def __init__(self, modules: int):
        self._modules = modules
        self._start = time.monotonic()
        self._fraction, self._mapped, self._last, self._rest = 0.0, 0, "start", ""

    def read(self, text: str) -> None:
        """Take what the log has more than last time."""
        *lines, self._rest = (self._rest + text).split("\n")
        for match in _PASS.finditer("\n".join(lines)):
            self._last = match[2].rstrip(".")
            if self._last == "ABC9_EXE":
                self._mapped = min(self._mapped + 1, self._modules)
                self._fraction = _SHARE_BEFORE + _SHARE_MAPPING * (self._mapped - 1) / self._modules
            elif not self._mapped:
                self._fraction = max(self._fraction, _SHARE_BEFORE * min(int(match[1]) / _BEFORE, 1))

    def text(self) -> str:
        """Return what is being done, and an estimate of what is left where there is a ground for one."""
        what = f"mapping module {self._mapped} of {self._modules}" if self._mapped else f"Yosys {self._last}"
        if not 0.1 < self._fraction < 1 or (self._mapped and self._modules == 1):
            return what
        left = (time.monotonic() - self._start) * (1 - self._fraction) / self._fraction
        return f"{what}, about {left / 60:.0f} min left" if left > 90 else f"{what}, about {left:.0f} s left"
