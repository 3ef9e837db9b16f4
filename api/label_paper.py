"""Signs with the QR of a facility, ten on a sheet of A4: whoever scans one reports what is wrong, without a login.

The QR holds the same address as the labels that the technician prints (``gateway.site_paper``). Error correction M: a
fifth of the code may be dirty. Fonts as in ``api.evaluation_paper``.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import groupby
from typing import Any, Final
from urllib.parse import quote

from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from core.places import Text
from core.ports.registry import Facility

MOST_LABELS: Final = 500
"""Of one document; a community with more has several."""
FONT: Final = "STSong-Light"
_WESTERN: Final = "Helvetica"
_COLUMNS, _ROWS = 2, 5
_WIDTH, _HEIGHT = 99 * mm, 57 * mm
_LEFT, _TOP = 6 * mm, 6 * mm
_QR: Final = 40 * mm
_QUIET: Final = 4
"""Light modules around a code, as ISO/IEC 18004 wants them."""
_INK: Final = colors.HexColor("#1f2933")
_SOFT: Final = colors.HexColor("#5f6b76")
_CUT: Final = colors.HexColor("#c5ccd3")
_CALL: Final = Text(zh="发现问题？扫码反映", en="Something wrong? Scan to report")
_HOW: Final = Text(zh="不用登录，也可拨打 12345", en="No login; or call 12345")


def labels(base: str, facilities: Sequence[Facility], language: str) -> bytes:
    """The sheets as a PDF, both languages on every sign, that of ``language`` first.

    Args:
        base: scheme and host of the pages, ``https://grid.example.org``.
        facilities: in the order of the signs, at most ``MOST_LABELS``.
        language: ``zh`` or ``en``.
    """
    if FONT not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, invariant=True)
    canvas.setTitle("Twingrid")
    for index, facility in enumerate(facilities):
        slot = index % (_COLUMNS * _ROWS)
        if index and slot == 0:
            canvas.showPage()
        left = _LEFT + (slot % _COLUMNS) * _WIDTH
        bottom = A4[1] - _TOP - (slot // _COLUMNS + 1) * _HEIGHT
        _label(canvas, base, facility, language, left, bottom)
    canvas.save()
    return stream.getvalue()


def address(base: str, code: str) -> str:
    """Where a sign leads."""
    return f"{base.rstrip('/')}/e/facility/{quote(code, safe='')}"


def _label(canvas: Canvas, base: str, facility: Facility, language: str, left: float, bottom: float) -> None:
    canvas.setStrokeColor(_CUT)
    canvas.setDash(2, 2)
    canvas.rect(left, bottom, _WIDTH, _HEIGHT)
    canvas.setDash()
    _qr(canvas, address(base, facility.code), left + 4 * mm, bottom + (_HEIGHT - _QR) / 2)
    first, second = ("zh", "en") if language == "zh" else ("en", "zh")
    at, room = left + _QR + 8 * mm, _WIDTH - _QR - 11 * mm
    lines = (
        (_CALL.in_language(first), 13, 43, _INK),
        (_CALL.in_language(second), 9, 37, _SOFT),
        (facility.name.in_language(first), 11, 27, _INK),
        (facility.name.in_language(second), 8, 22, _SOFT),
        (facility.code, 10, 15, _INK),
        (_HOW.in_language(first), 8, 8, _SOFT),
        (_HOW.in_language(second), 6.5, 4.5, _SOFT),
    )
    for text, size, height, colour in lines:
        canvas.setFillColor(colour)
        _fitting(canvas, text, at, bottom + height * mm, room, size)


def _fitting(canvas: Canvas, text: str, left: float, bottom: float, width: float, size: float) -> None:
    """Draw a line, smaller if it is long, cut if it is very long."""
    font = _WESTERN if text.isascii() else FONT
    while size > 5 and pdfmetrics.stringWidth(text, font, size) > width:
        size -= 0.5
    while text and pdfmetrics.stringWidth(text, font, size) > width:
        text = text[:-1]
    canvas.setFont(font, size)
    canvas.drawString(left, bottom, text)


def _qr(canvas: Canvas, text: str, left: float, bottom: float) -> None:
    """Draw a code, a run of dark modules at a time: as a drawing of single squares it takes ten times as long."""
    code: Any = QrCodeWidget(text, barLevel="M").qr  # type: ignore[attr-defined]  # not in its stubs
    code.make()
    modules = code.getModuleCount()
    side = _QR / (modules + 2 * _QUIET)
    path = canvas.beginPath()
    for row in range(modules):
        line = [bool(code.isDark(row, column)) for column in range(modules)]
        height = bottom + _QR - (row + 1 + _QUIET) * side
        for dark, run in groupby(range(modules), key=line.__getitem__):
            columns = list(run)
            if dark:
                path.rect(left + (columns[0] + _QUIET) * side, height, len(columns) * side, side)
    canvas.setFillColor(colors.black)
    canvas.drawPath(path, stroke=0, fill=1)
