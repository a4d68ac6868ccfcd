"""Golden model of what the C-Core checks before a descriptor runs."""

from collections.abc import Sequence
from types import SimpleNamespace

from hw.arch.ccore.config import CCoreConfig
from hw.arch.ccore.descriptor import ENTRY, HEADER, MAX_ENTRIES, PASSES_PER_WEIGHT, Code, Error
from hw.arch.ccore.drain import DrainMode
from hw.arch.fields import Word

__all__ = ["error_of"]

#: Header fields that must not be zero.
_COUNTS = ("m_blocks", "c_blocks", "c_inner", "pitch", "rows", "read_rows", "images", "columns", "read_columns")
_COUNTS += ("groups", "row_pitch", "taps", "taps_last", "psums")


def _fields(word: Word, units: Sequence[int]) -> SimpleNamespace:
    """Bits of each field of a word by name, legal or not."""
    bits = word.join(units)
    return SimpleNamespace(**{each: bits >> field.offset & ((1 << field.width) - 1) for each, field in word})


def error_of(words: Sequence[int], config: CCoreConfig) -> Error:
    """What the status of a descriptor says, from its words; their number is that of its entries."""
    array = config.array
    wpus, size = array.wpus, ENTRY.units + array.rows
    header = _fields(HEADER, words[: HEADER.units])
    starts = range(HEADER.units, HEADER.units + size * header.entries, size)
    entries = [_fields(ENTRY, words[start : start + ENTRY.units]) for start in starts]
    known = header.pattern in {code.value for code in Code}
    name = Code(header.pattern).name if known else ""
    point, gradient = name.endswith("POINT"), name.startswith("WG")
    maps = config.blocks if point else 1
    total = (header.images - 1) * header.pitch + header.rows
    area, passes = total * header.columns, header.m_blocks * header.c_blocks * header.entries
    weights = header.w_words + 1
    if gradient:
        wide = area > 3 * wpus * weights
        many = passes * array.channels * array.beats > header.psums
    else:
        wide, many = area > 4 * wpus * header.psums, passes > PASSES_PER_WEIGHT * weights

    def gives(entry) -> bool:
        """Whether an entry gives the sums of |x| of every map once, each WPU in its turn."""
        whole = entry.row == 0 and entry.left == total and entry.row_groups * wpus >= total
        return whole and entry.lead + header.columns >= wpus

    def sums() -> bool:
        """Whether sums of |x| are asked for that do not come as promised."""
        taking = [entry for entry in entries if entry.sum]
        told = len(taking) == maps and all(map(gives, taking)) and header.row_step == wpus % header.pitch
        return bool(header.sums) and not (name.startswith("FP") and told)

    groups = any((entry.row_groups - 1) * wpus >= total for entry in entries)
    # The later rules divide by what the earlier ones found not to be zero.
    rules = {
        Error.PATTERN: lambda: not known or header.drain_mode > max(mode.value for mode in DrainMode),
        Error.ENTRIES: lambda: header.entries > MAX_ENTRIES,
        Error.EMPTY: lambda: (
            not entries
            or any(getattr(header, count) == 0 for count in _COUNTS)
            or any(entry.row_groups == 0 for entry in entries)
            or bool(entries[0].idle)
        ),
        Error.INPUT: lambda: header.x_base + header.x_words >= config.input_depth,
        Error.WEIGHT: lambda: header.w_base + header.w_words >= config.weight_depth,
        Error.PSUM: lambda: header.psums > config.psum_depth,
        Error.IMAGES: lambda: header.sums and maps * header.images > config.images,
        Error.KEEP: lambda: not gradient and header.m_blocks != 1 and (not header.drain or header.accumulate),
        Error.SUMS: sums,
        Error.GRID: lambda: header.rows > header.pitch or total >= 1 << 18 or wide or groups,
        Error.PASSES: lambda: many,
    }
    return next((error for error, rule in rules.items() if rule()), Error.OK)
