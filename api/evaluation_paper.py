"""The monthly report on paper: A4 across, every percentage above its counts.

Every language has one font, and no server needs to have it. Chinese is set in STSong-Light, one of the Adobe Asian
fonts that every PDF reader brings along, English in Helvetica; it has no arrows, so English says better and worse with
``(+)`` and ``(–)``. A name in the other script is the only thing that is set in the other font.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import CondPageBreak, Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from api import evaluation_texts as say
from api.evaluation_tables import Cell, NameOf, Sheet, Show, amounts, counts, named, sheets
from core.findings import Sentence, Speaks
from core.ports.evaluation import Evaluation, Line, Part, Share, Standing
from core.ports.intake import Burden

FONT: Final = "STSong-Light"
_WESTERN: Final = "Helvetica"
_PUNCTUATION: Final = frozenset("–—‘’“”…•")
"""What a western font has beyond Latin letters."""
_WIDTH: Final = landscape(A4)[0] - 20 * mm - 12  # the frame keeps 6 points free on either side
_NAME_WIDTH: Final = 32 * mm
ROOM_BELOW: Final = 30 * mm
"""Of a heading, its table's first line and one more, each of two rows of text."""
_INK: Final = colors.HexColor("#1f2933")
_LINE: Final = colors.HexColor("#c5ccd3")
_SHADE: Final = colors.HexColor("#eef1f4")
_BODY: Final = ParagraphStyle("body", fontName=FONT, fontSize=8.5, leading=12, textColor=_INK, wordWrap="CJK")
_SMALL: Final = ParagraphStyle("small", parent=_BODY, fontSize=6.5, leading=8)
_FIGURE: Final = ParagraphStyle("figure", parent=_SMALL, alignment=TA_RIGHT)
_TITLE: Final = ParagraphStyle("title", parent=_BODY, fontSize=18, leading=24, spaceAfter=4)
_HEAD: Final = ParagraphStyle("head", parent=_BODY, fontSize=12, leading=16, spaceBefore=8, spaceAfter=3)
_SIGNS: Final = {
    Standing.BETTER: Sentence(" ↑", " (+)"),
    Standing.WORSE: Sentence(" ↓", " (–)"),
}
_PAPER_AMOUNTS: Final = (say.CASES, say.TASKS, say.LOAD, say.WAITED_H, say.BLIND_H)
_PICKED: Final = (0, 2, 3, 6, 7)
"""Those amounts in the order of ``evaluation_tables.amounts``; the others stand in the workbook."""
MOST_LINES: Final = 60
"""Of a part on paper; the workbook has all of them."""
LEFT_OUT: Final = Sentence("另有 {count} 行，见 Excel 表。", "{count} more lines are in the workbook.")


def paper(
    found: Evaluation, asked: Sequence[Burden], heading: Speaks, name_of: NameOf, enough: int, language: str
) -> bytes:
    """The report as a PDF.

    Args:
        found: the evaluation.
        asked: what departments handed down.
        heading: the span.
        name_of: names of parts.
        enough: below it a share is shown by its counts alone.
        language: ``zh`` or ``en``.
    """
    if FONT not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    by_name = {sheet.name: sheet for sheet in sheets(found, asked, name_of)}
    story: list[Flowable] = [_p(say.TITLE, language, _TITLE), _p(heading, language), Spacer(0, 3 * mm)]
    story += [_p(one(enough=enough), language) for one in say.EXPLAINED]
    story += _table(by_name[say.OVERVIEW], language)
    for part in Part:
        story += _part(part, found.parts.get(part, ()), name_of, enough, language)
    for name in (say.STANDING, say.BURDENS, say.TRAININGS):
        story += _table(by_name[name], language)
    stream = io.BytesIO()
    document = SimpleDocTemplate(
        stream,
        pagesize=landscape(A4),
        leftMargin=10 * mm,
        rightMargin=10 * mm,
        topMargin=12 * mm,
        bottomMargin=14 * mm,
        title=f"{say.TITLE.in_language(language)} {heading.in_language(language)}",
        invariant=True,
    )

    def footer(canvas: Canvas, _: SimpleDocTemplate) -> None:
        canvas.setFont(FONT if language == "zh" else _WESTERN, 7)
        canvas.drawString(10 * mm, 8 * mm, say.PAGE(page=canvas.getPageNumber()).in_language(language))

    document.build(story, onFirstPage=footer, onLaterPages=footer)
    return stream.getvalue()


def _part(part: Part, lines: Sequence[Line], name_of: NameOf, enough: int, language: str) -> list[Flowable]:
    story = _headed(say.PARTS[part], language)
    if not lines:
        return [*story, _p(say.NOTHING, language)]
    heads: list[Speaks] = [say.NAME, *_PAPER_AMOUNTS, *(say.INDICATORS[one.indicator] for one in lines[0].shares)]
    rows: list[list[Flowable]] = [[_p(one, language, _FIGURE if at else _SMALL) for at, one in enumerate(heads)]]
    for line in lines[:MOST_LINES]:
        figures = amounts(line)
        cells = [_written(figures[at], Show.NUMBER, language) for at in _PICKED]
        cells += [_share(one, enough, language) for one in line.shares]
        name = _written(named(part, line.key, name_of), Show.TEXT, language)
        rows.append([_p(name, language, _SMALL), *(_p(text, language, _FIGURE) for text in cells)])
    story.append(_grid(rows, [_NAME_WIDTH, *[column_width(len(lines[0].shares))] * (len(heads) - 1)]))
    if len(lines) > MOST_LINES:
        story.append(_p(LEFT_OUT(count=len(lines) - MOST_LINES), language))
    return story


def _headed(name: Speaks, language: str) -> list[Flowable]:
    """The heading of a table, never the last thing on a page."""
    return [CondPageBreak(ROOM_BELOW), _p(name, language, _HEAD)]


def column_width(measures: int) -> float:
    """Of every column of a part but the first, with so many measures; points."""
    return (_WIDTH - _NAME_WIDTH) / (len(_PAPER_AMOUNTS) + measures)


def _share(one: Share, enough: int, language: str) -> str:
    """The share above its counts; the counts alone where they are too few."""
    if one.tally.whole < enough or one.value is None:
        return counts(one.tally)
    sign = _SIGNS[one.standing].in_language(language) if one.standing in _SIGNS else ""
    return f"{one.value:.1%}{sign}\n{counts(one.tally)}"


def _table(sheet: Sheet, language: str) -> list[Flowable]:
    story = _headed(sheet.name, language)
    if not sheet.rows:
        return [*story, _p(say.NOTHING, language)]
    styles = [_SMALL if column.show is Show.TEXT else _FIGURE for column in sheet.columns]
    heads = zip(sheet.columns, styles, strict=True)
    rows: list[list[Flowable]] = [[_p(column.head, language, style) for column, style in heads]]
    for row in sheet.rows[:MOST_LINES]:
        texts = [_written(value, column.show, language) for column, value in zip(sheet.columns, row, strict=True)]
        rows.append([_p(text, language, style) for text, style in zip(texts, styles, strict=True)])
    story.append(_grid(rows, [_WIDTH / len(sheet.columns)] * len(sheet.columns)))
    if len(sheet.rows) > MOST_LINES:
        story.append(_p(LEFT_OUT(count=len(sheet.rows) - MOST_LINES), language))
    return story


def _written(value: Cell, show: Show, language: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return f"{value:.1%}" if show is Show.SHARE else f"{value:,}"
    return value.in_language(language)


def _grid(rows: list[list[Flowable]], widths: list[float]) -> Table:
    table: Any = Table(rows, colWidths=widths, repeatRows=1, hAlign="LEFT")
    table.setStyle(
        TableStyle(
            [
                ("GRID", (0, 0), (-1, -1), 0.4, _LINE),
                ("BACKGROUND", (0, 0), (-1, 0), _SHADE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                *((f"{side}PADDING", (0, 0), (-1, -1), 2) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")),
            ]
        )
    )
    made: Table = table
    return made


def _p(text: Speaks | str, language: str, style: ParagraphStyle = _BODY) -> Paragraph:
    words = text if isinstance(text, str) else text.in_language(language)
    if language != "zh" and all(ord(sign) < 0x250 or sign in _PUNCTUATION for sign in words):
        style = ParagraphStyle(f"{style.name}-western", parent=style, fontName=_WESTERN, wordWrap=None)
    return Paragraph(escape(words).replace("\n", "<br/>"), style)
