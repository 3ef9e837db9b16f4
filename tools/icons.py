"""Draws the icons of the pages (`web/phone/icon-*.png`) from the mark: two grids, one over the other.

`tools/icons.py` writes them, `tools/icons.py --check` only says whether they are as drawn here. A phone cuts a maskable
icon to a circle of 80 % of its width, so there the mark is smaller and the ground goes to the edge.
"""

from __future__ import annotations

import struct
import sys
import zlib
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

PHONE: Final = Path(__file__).resolve().parents[1] / "web" / "phone"
GROUND: Final = (0x0A, 0x6B, 0x69)
INK: Final = (255, 255, 255)
SIZE: Final = 32
"""Units of the drawing, as of `favicon.svg`."""
GRIDS: Final = ((6.5, 0.55), (12.5, 1.0))
"""Corner and opacity of each grid, 13 units wide, with lines 2 units thick at its edges and in its middle."""
ICONS: Final = {
    "icon-192.png": (192, False),
    "icon-512.png": (512, False),
    "icon-maskable-192.png": (192, True),
    "icon-maskable-512.png": (512, True),
    "icon-apple-180.png": (180, True),
}
"""Width in pixels, and whether it is maskable."""
Plane = NDArray[np.float64]


def _cover(distance: Plane, unit_px: float) -> Plane:
    """Share of each pixel that lies inside, from its signed distance to the edge in units (negative: inside)."""
    share: Plane = np.clip(0.5 - distance * unit_px, 0.0, 1.0)
    return share


def _box(x: Plane, y: Plane, left: float, top: float, width: float, height: float, radius: float) -> Plane:
    """Signed distance to a box with round corners, in units."""
    across = np.abs(x - left - width / 2) - width / 2 + radius
    along = np.abs(y - top - height / 2) - height / 2 + radius
    outside: Plane = np.hypot(np.maximum(across, 0), np.maximum(along, 0))
    return outside + np.minimum(np.maximum(across, along), 0) - radius


def draw(size_px: int, *, maskable: bool) -> NDArray[np.uint8]:
    """The icon as rows of red, green, blue and opacity; shape (size_px, size_px, 4)."""
    shrink = 0.78 if maskable else 1.0
    unit_px = size_px / SIZE
    across = (np.arange(size_px) + 0.5) / unit_px
    x, y = np.meshgrid(across, across)
    ground = np.ones_like(x) if maskable else _cover(_box(x, y, 0, 0, SIZE, SIZE, 8), unit_px)
    mx, my = (SIZE / 2 + (one - SIZE / 2) / shrink for one in (x, y))
    ink = np.zeros_like(x)
    for corner, opacity in GRIDS:
        grid = np.zeros_like(x)
        for line in (0.0, 6.5, 13.0):
            for box in ((corner + line - 1, corner - 1, 2, 15, 0.5), (corner - 1, corner + line - 1, 15, 2, 0.5)):
                grid = np.maximum(grid, _cover(_box(mx, my, *box), unit_px * shrink))
        ink += (1 - ink) * grid * opacity
    colours = [low + (high - low) * ink for low, high in zip(GROUND, INK, strict=True)]
    image: NDArray[np.uint8] = np.rint(np.stack([*colours, ground * 255], axis=-1)).astype(np.uint8)
    return image


def _raw(image: NDArray[np.uint8]) -> bytes:
    return b"".join(b"\0" + row.tobytes() for row in image)


def png(image: NDArray[np.uint8]) -> bytes:
    """A picture as PNG (8 bits, RGBA, no filter). Source: PNG, W3C Recommendation, sections 5 and 11."""
    rows, columns, _ = image.shape

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header, packed = struct.pack(">IIBBBBB", columns, rows, 8, 6, 0, 0, 0), zlib.compress(_raw(image), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def shows(path: Path, image: NDArray[np.uint8]) -> bool:
    """Whether a file holds this picture, however its bytes were packed."""
    content = path.read_bytes() if path.is_file() else b""
    at = content.find(b"IDAT")
    if at < 0:
        return False
    (length,) = struct.unpack(">I", content[at - 4 : at])
    return zlib.decompress(content[at + 4 : at + 4 + length]) == _raw(image)


def main() -> None:
    """Write the icons, or say which are not as drawn here."""
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit("usage: tools/icons.py [--check]")
    stale = []
    for name, (size_px, maskable) in ICONS.items():
        drawn, path = draw(size_px, maskable=maskable), PHONE / name
        if not check:
            path.write_bytes(png(drawn))
        elif not shows(path, drawn):
            stale.append(name)
    if stale:
        sys.exit(f"error: {', '.join(stale)} in web/phone are not as drawn by tools/icons.py; run it")


if __name__ == "__main__":
    main()
