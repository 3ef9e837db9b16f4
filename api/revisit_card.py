"""A card with the QR of a revisit, to show at the door or to print: an SVG, so that it is sharp at any size.

Error correction M, as on the signs of facilities (``api.label_paper``), and as many light modules around it.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.graphics.barcode.qr import QrCodeWidget

from core.places import Text

_QUIET: Final = 4
"""Light modules around a code, as ISO/IEC 18004 wants them."""
_SIDE, _HEIGHT, _CODE = 360, 480, 330
_CALL: Final = Text(zh="扫码评价：问题解决了吗？", en="Scan and tell us: is it solved?")
_HOW: Final = Text(zh="不用登录，只收一份答复", en="No login; one answer is taken")
_FONTS: Final = "PingFang SC, Microsoft YaHei, Noto Sans CJK SC, Helvetica, Arial, sans-serif"


def card(link: str, number: str, say: Text, language: str) -> str:
    """The card as SVG, both languages, that of ``language`` first.

    Args:
        link: what the QR holds.
        number: of the report, or of the case.
        say: what was wrong.
        language: ``zh`` or ``en``.
    """
    first, second = ("zh", "en") if language == "zh" else ("en", "zh")
    lines = (
        (_CALL.in_language(first), 20, 364, 700),
        (_CALL.in_language(second), 14, 386, 400),
        (say.in_language(first), 14, 414, 400),
        (number, 14, 434, 400),
        (_HOW.in_language(first), 11, 456, 400),
        (_HOW.in_language(second), 11, 471, 400),
    )
    words = "".join(_line(text, size, height, weight) for text, size, height, weight in lines)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIDE} {_HEIGHT}" role="img">'
        f'<rect width="{_SIDE}" height="{_HEIGHT}" fill="#fff"/>{_code(link)}{words}</svg>'
    )


def link_of(base: str, number: int, token: str) -> str:
    """The residents' page of one answer; its key behind the ``#`` is sent to no server with the address."""
    return f"{base.rstrip('/')}/e/revisit/{number}#{token}"


def _line(text: str, size: float, height: int, weight: int) -> str:
    """A line in the middle, smaller if it is long: an ideograph is as wide as high, a letter about half."""
    width = sum(0.56 if one.isascii() else 1 for one in text)
    size = min(size, (_SIDE - 24) / max(width, 1))
    at = f'x="{_SIDE / 2:g}" y="{height}" text-anchor="middle"'
    return f'<text {at} font-size="{size:.1f}" font-weight="{weight}" font-family="{_FONTS}">{escape(text)}</text>'


def _code(text: str) -> str:
    """The modules as one path, a run of dark ones at a time."""
    code: Any = QrCodeWidget(text, barLevel="M").qr  # type: ignore[attr-defined]  # not in its stubs
    code.make()
    modules = int(code.getModuleCount())
    path = []
    for row in range(modules):
        line = [bool(code.isDark(row, column)) for column in range(modules)]
        for dark, run in groupby(range(modules), key=line.__getitem__):
            columns = list(run)
            if dark:
                path.append(f"M{columns[0] + _QUIET} {row + _QUIET}h{len(columns)}v1h-{len(columns)}z")
    scale = _CODE / (modules + 2 * _QUIET)
    left = (_SIDE - _CODE) / 2
    return (
        f'<path transform="translate({left:g} 6) scale({scale:.4f})" shape-rendering="crispEdges" d="{"".join(path)}"/>'
    )
