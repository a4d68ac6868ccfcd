"""The rows of a grid, and of the read tensor, that one descriptor works on."""

from dataclasses import dataclass

from .pattern import Pattern

__all__ = ["Extent", "Tile", "extent"]


@dataclass(frozen=True)
class Tile:
    """Grid rows of a single image that a descriptor works on: `first` and how many."""

    first: int
    rows: int


@dataclass(frozen=True)
class Extent:
    """Rows of a descriptor.

    images : how many.
    first, rows : grid rows of each image with results.
    pitch : grid rows from image to image, no fewer than the read rows need.
    loaded, read_rows : rows of the read tensor in the input buffer, of each image.
    """

    images: int
    first: int
    rows: int
    pitch: int
    loaded: int
    read_rows: int

    @property
    def total(self) -> int:
        """Grid rows from the first with a result to the last."""
        return self.pitch * (self.images - 1) + self.rows

    def groups(self, wpus: int) -> int:
        """Row groups: `wpus` grid rows at a time."""
        return -(-self.total // wpus)


def extent(pattern: Pattern, tile: Tile | None = None) -> Extent:
    """Rows of a descriptor: those of a tile of a single image, or all.

    Raises
    ------
    ValueError
        If a tile has no row, rows outside of the grid, or several images.
    """
    batch, stride = pattern.layer.batch, pattern.stride
    (rows, _), (_, height, _) = pattern.grid, pattern.read
    first, loaded, end = 0, 0, height
    if tile:
        if batch > 1 or tile.rows < 1 or tile.first < 0 or tile.first + tile.rows > rows:
            raise ValueError(f"A tile must hold 1 to {rows} rows of a single image, not {tile} of {batch} images")
        first, rows = tile.first, tile.rows
        low, high = pattern.reach
        loaded = min(max(0, stride * first + low), height - 1)
        end = min(height, stride * (first + rows - 1) + high + 1)
    read_rows = max(end - loaded, 1)
    return Extent(batch, first, rows, max(rows, -(-read_rows // stride)), loaded, read_rows)
