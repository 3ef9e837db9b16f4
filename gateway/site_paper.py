"""The as-built record and the QR labels on paper, in Chinese or English.

The paper says what the signed JSON says, no more: it is made from the record's document alone. Its QR code holds the
digest, so that paper and file can be told to belong together. Texts are set in STSong-Light, one of the Adobe
Asian fonts that every PDF reader brings along, so nothing has to be installed on a gateway.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote
from xml.sax.saxutils import escape

from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from core.findings import Sentence
from gateway.site_survey.proof import Verdict

LANGUAGES: Final = ("zh", "en")
FONT: Final = "STSong-Light"
_WESTERN: Final = "Helvetica"
_WIDTH: Final = A4[0] - 36 * mm - 12
_MOST_FRAMES: Final = 4
_LABEL_MM: Final = (70.0, 37.0)
_COLUMNS, _ROWS = 3, 8
_INK: Final = colors.HexColor("#1f2933")
_LINE: Final = colors.HexColor("#c5ccd3")
_SHADE: Final = colors.HexColor("#eef1f4")
_WRONG: Final = colors.HexColor("#b42318")

_BODY: Final = ParagraphStyle("body", fontName=FONT, fontSize=8.5, leading=11.5, textColor=_INK, wordWrap="CJK")
_SMALL: Final = ParagraphStyle("small", parent=_BODY, fontSize=7, leading=9)
_MONO: Final = ParagraphStyle("mono", parent=_SMALL, fontName="Courier", wordWrap="CJK", splitLongWords=True)
_TITLE: Final = ParagraphStyle("title", parent=_BODY, fontSize=18, leading=24, spaceAfter=4)
_HEAD: Final = ParagraphStyle("head", parent=_BODY, fontSize=12, leading=16, spaceBefore=8, spaceAfter=3)

TITLE: Final = Sentence("竣工记录", "As-built record")
GATEWAY: Final = Sentence("网关", "gateway")
BUS: Final = Sentence("总线", "bus")
SIGNED_BY: Final = Sentence("签字人", "signed by")
WHEN: Final = Sentence("时间（UTC）", "when (UTC)")
VERSION: Final = Sentence("程序版本", "program version")
DIGEST: Final = Sentence("摘要 SHA-256", "digest SHA-256")
SIGNATURE: Final = Sentence("签名", "signature")
SUMMARY: Final = Sentence(
    "{units} 台设备，{points} 个测点，其中 {proven} 个已核对", "{units} units, {points} points, {proven} of them proven"
)
UNIT: Final = Sentence("从站 {unit}", "Unit {unit}")
PROFILE: Final = Sentence("设备描述", "profile")
FILE_DIGEST: Final = Sentence("设备描述文件", "profile file")
SETTING: Final = Sentence("通信参数", "setting")
IDENTITY: Final = Sentence("设备自报", "says of itself")
DIFFERENCES: Final = Sentence("与描述的差异", "differs from the profile")
NONE: Final = Sentence("无", "none")
TIMING: Final = Sentence("应答时间", "response time")
TIMED: Final = Sentence(
    "p50 {p50} ms，p99 {p99} ms；{seconds} 秒内 {polls} 次，失败 {errors} 次",
    "p50 {p50} ms, p99 {p99} ms; {polls} polls in {seconds} s, {errors} failed",
)
PLACE: Final = Sentence("位置", "place")
PHOTOS: Final = Sentence("照片", "photos")
FRAMES: Final = Sentence("原始报文（节选）", "raw frames (the last)")
METRIC: Final = Sentence("测点", "point")
REGISTER: Final = Sentence("寄存器", "register")
SHOWN: Final = Sentence("现场读数", "shown")
READ: Final = Sentence("网关读数", "read")
ERROR: Final = Sentence("误差", "error")
SEEN: Final = Sentence("来源", "seen on, by")
VERDICT: Final = Sentence("结论", "verdict")
VERDICTS: Final[Mapping[str, Sentence]] = {
    Verdict.PROVEN.value: Sentence("已核对", "proven"),
    Verdict.DIFFERS.value: Sentence("不符", "differs"),
    Verdict.NOT_READ.value: Sentence("未读到", "not read"),
    "": Sentence("未核对", "not proven"),
}
DRILL: Final = Sentence(
    "演练 TEST　{metric}：案件 {case}，{seconds} s 后到达 {people}；{stage}",
    "TEST alarm {metric}: case {case} after {seconds} s, to {people}; {stage}",
)
CONFIRMED_AT: Final = Sentence("（{when} UTC 确认）", " (confirmed {when} UTC)")
DRILL_STAGES: Final[Mapping[str, Sentence]] = {
    "asked": Sentence("等待服务器", "waiting for the server"),
    "open": Sentence("尚未确认", "not confirmed yet"),
    "confirmed": Sentence("已确认收到", "confirmed"),
    "unconfirmed": Sentence("无人确认", "nobody confirmed"),
    "cancelled": Sentence("已取消", "cancelled"),
    "refused": Sentence("未成功", "not done"),
    "offline": Sentence("网关断线", "gateway offline"),
    "unanswered": Sentence("服务器未应答", "server did not answer"),
}
FOOTER: Final = Sentence("摘要 {digest}　第 {page} 页", "digest {digest} / page {page}")
CHECK: Final = Sentence("核验：twingrid site verify record.json", "to check: twingrid site verify record.json")


def record_pdf(envelope: Mapping[str, Any], language: str) -> bytes:
    """The signed record as a PDF.

    Args:
        envelope: as ``site_sign.signed`` makes it.
        language: ``zh`` or ``en``.
    """
    _need_font()
    record, digest = envelope["record"], str(envelope["sha256"])
    story: list[Flowable] = [_front(envelope, language)]
    for unit in record["units"]:
        story += _unit(unit, language)
    stream = io.BytesIO()
    paper = SimpleDocTemplate(
        stream,
        pagesize=A4,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=16 * mm,
        bottomMargin=16 * mm,
        title=f"{TITLE.in_language(language)} {record['bus']}",
        author=str(record["by"]),
        invariant=True,
    )

    def footer(canvas: Canvas, _: SimpleDocTemplate) -> None:
        canvas.setFillColor(_INK)
        text = FOOTER(digest=digest[:16], page=canvas.getPageNumber()).in_language(language)
        canvas.setFont(_WESTERN if _is_western(text) else FONT, 7)
        canvas.drawString(18 * mm + 6, 9 * mm, text)

    paper.build(story, onFirstPage=footer, onLaterPages=footer)
    return stream.getvalue()


def labels_pdf(host: str, labels: Sequence[tuple[str, str]]) -> bytes:
    """A sheet of QR labels, 24 of 70 mm × 37 mm a page.

    Args:
        host: of the server, such as ``grid.example.org``.
        labels: facility code and a second line for each.
    """
    _need_font()
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, invariant=True)
    width, height = (side * mm for side in _LABEL_MM)
    for index, (facility, line) in enumerate(labels):
        slot = index % (_COLUMNS * _ROWS)
        if index and slot == 0:
            canvas.showPage()
        left = (slot % _COLUMNS) * width
        bottom = A4[1] - 0.5 * mm - (slot // _COLUMNS + 1) * height
        _qr(address(host, facility), 28 * mm).drawOn(canvas, left + 4 * mm, bottom + 5 * mm)
        canvas.setFillColor(_INK)
        _fitting(canvas, facility, left + 33 * mm, bottom + 21 * mm, 34 * mm, 12)
        _fitting(canvas, line, left + 33 * mm, bottom + 15 * mm, 34 * mm, 8)
    canvas.save()
    return stream.getvalue()


def address(host: str, facility: str) -> str:
    """Where a label leads: the facility's page."""
    base = host if "://" in host else f"https://{host}"
    return f"{base.rstrip('/')}/e/facility/{quote(facility, safe='')}"


def _need_font() -> None:
    if FONT not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(FONT))


def _fitting(canvas: Canvas, text: str, left: float, bottom: float, width: float, size: float) -> None:
    """Draw a line, smaller if it is long, cut if it is very long."""
    font = _WESTERN if _is_western(text) else FONT
    while size > 5 and pdfmetrics.stringWidth(text, font, size) > width:
        size -= 0.5
    while text and pdfmetrics.stringWidth(text, font, size) > width:
        text = text[:-1]
    canvas.setFont(font, size)
    canvas.drawString(left, bottom, text)


def _qr(text: str, side: float) -> Drawing:
    code = QrCodeWidget(text, barLevel="M", barBorder=1)
    left, bottom, right, top = code.getBounds()
    drawing = Drawing(side, side, transform=[side / (right - left), 0, 0, side / (top - bottom), 0, 0])
    drawing.add(code)
    return drawing


def _p(text: object, style: ParagraphStyle = _BODY) -> Paragraph:
    if style.fontName == FONT and _is_western(str(text)):
        style = ParagraphStyle(f"{style.name}-western", parent=style, fontName=_WESTERN)
        return Paragraph(escape(str(text)), style)
    # The middle dot of keyboards is not in the font, the one of its own alphabet is.
    return Paragraph(escape(str(text).replace("\u00b7", "\u30fb")), style)


def _is_western(text: str) -> bool:
    """Whether Helvetica can set it; its letters are better spaced than those of a Chinese font."""
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


def _front(envelope: Mapping[str, Any], language: str) -> Flowable:
    record = envelope["record"]
    points = [point for unit in record["units"] for point in unit["points"]]
    proven = sum(_verdict(point) == Verdict.PROVEN.value for point in points)
    summary = SUMMARY(units=len(record["units"]), points=len(points), proven=proven).in_language(language)
    facts = _facts(
        [
            (GATEWAY, record["gateway"] or "-"),
            (BUS, f"{record['bus']} / {record['transport']}"),
            (SIGNED_BY, record["by"]),
            (WHEN, _when(record["time_ms"])),
            (VERSION, record["version"] or "-"),
            (DIGEST, envelope["sha256"]),
            (SIGNATURE, f"{envelope['algorithm']} {envelope['signature']}"),
        ],
        language,
        _WIDTH - 38 * mm,
    )
    left = [_p(TITLE.in_language(language), _TITLE), _p(summary), Spacer(1, 2 * mm), facts]
    right = [_qr(f"sha256:{envelope['sha256']}", 34 * mm), _p(CHECK.in_language(language), _SMALL)]
    table = Table([[left, right]], colWidths=[_WIDTH - 36 * mm, 36 * mm])
    table.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)]))
    return table


def _unit(unit: Mapping[str, Any], language: str) -> list[Flowable]:
    placement = unit["placement"] or {}
    head = f"{UNIT(unit=unit['unit']).in_language(language)} / {placement.get('facility') or '-'}"
    cells = " / ".join(
        placement[key] for key in ("class", "governance_cell", "construction_cell", "note") if placement.get(key)
    )
    identity = " / ".join(text for text in unit["identity"].values() if text)
    rows = [
        (PROFILE, _product(unit, language)),
        (FILE_DIGEST, unit["profile_sha256"] or "-"),
        (SETTING, unit["setting"]),
        (IDENTITY, identity or "-"),
        (DIFFERENCES, "; ".join(unit["differences"]) or NONE.in_language(language)),
        (TIMING, _timed(unit["timing"], language)),
        (PLACE, cells or "-"),
        (PHOTOS, "; ".join(f"{name} {sha256[:16]}…" for name, sha256 in unit["photos"].items()) or "-"),
    ]
    story: list[Flowable] = [
        KeepTogether([_p(head, _HEAD), _facts(rows, language, _WIDTH), Spacer(1, 2 * mm)]),
        _points(unit["points"], language),
        *_drills(unit["points"], language),
    ]
    if unit["frames"]:
        lines: list[Flowable] = [_p(FRAMES.in_language(language), _SMALL)]
        for frame in unit["frames"][-_MOST_FRAMES:]:
            lines.append(_p(f"> {_hex(frame['sent'])}", _MONO))
            lines.append(_p(f"< {_hex(frame['received']) or '-'}", _MONO))
        story += [Spacer(1, 1.5 * mm), KeepTogether(lines)]
    return [*story, Spacer(1, 3 * mm)]


def _product(unit: Mapping[str, Any], language: str) -> str:
    """Maker and model with the key of the profile."""
    product = unit.get("product")
    return f"{product[language]} ({unit['profile']})" if product else unit["profile"] or "-"


def _named(point: Mapping[str, Any], language: str) -> str:
    """The metric of a point and what people call its quantity."""
    label = point.get("label")
    return f"{point['metric']} {label[language]}" if label else str(point["metric"])


def _facts(rows: Sequence[tuple[Sentence, object]], language: str, width: float) -> Table:
    cells = [[_p(name.in_language(language), _SMALL), _p(value)] for name, value in rows]
    table = Table(cells, colWidths=[32 * mm, width - 32 * mm])
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 0.6),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 0.6),
            ]
        )
    )
    return table


def _points(points: Sequence[Mapping[str, Any]], language: str) -> Table:
    heads = (METRIC, REGISTER, SHOWN, READ, ERROR, SEEN, VERDICT)
    rows = [[_p(head.in_language(language), _SMALL) for head in heads]]
    marks = []
    for number, point in enumerate(points, 1):
        proof = point["proof"] or {}
        verdict = _verdict(point)
        place = f"{point['function']}:{point['address']} {point['type']} {point['order']} ×{point['factor']:g}"
        shown = f"{_number(proof.get('shown'))} ±{_number(_allowed(proof))} {point['unit']}" if proof else "-"
        seen = " / ".join(part for part in (proof.get("where", ""), proof.get("by", "")) if part)
        texts = (
            _named(point, language), place, shown, _number(proof.get("read")),
            _number(proof.get("error"), 3), seen or "-", VERDICTS[verdict].in_language(language),
        )  # fmt: skip
        rows.append([_p(text, _SMALL) for text in texts])
        if verdict != Verdict.PROVEN.value:
            marks.append(("LINEBEFORE", (0, number), (0, number), 2, _WRONG))
    shares = (0.26, 0.21, 0.16, 0.1, 0.09, 0.1, 0.08)
    table = Table(rows, colWidths=[share * _WIDTH for share in shares], repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("BACKGROUND", (0, 0), (-1, 0), _SHADE),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
                ("LEFTPADDING", (0, 0), (-1, -1), 3),
                ("RIGHTPADDING", (0, 0), (-1, -1), 2),
                ("TOPPADDING", (0, 0), (-1, -1), 1.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
                *marks,
            ]
        )
    )
    return table


def _drills(points: Sequence[Mapping[str, Any]], language: str) -> list[Flowable]:
    """The test alarms: which case, whose queue, how soon, and whether somebody confirmed it."""
    lines: list[Flowable] = []
    for point in points:
        drill = point.get("test_alarm")
        if not drill:
            continue
        people = [f"{one.get(language) or '-'}{_seen_at(one['confirmed_ms'], language)}" for one in drill["recipients"]]
        said = DRILL(
            metric=point["metric"],
            case=drill["case"],
            seconds=_number(drill["answered_after_s"], 3),
            people="; ".join(people) or "-",
            stage=DRILL_STAGES[drill["stage"]].in_language(language),
        )
        lines.append(_p(said.in_language(language), _SMALL))
    return [Spacer(1, 1.5 * mm), *lines] if lines else []


def _seen_at(confirmed_ms: int | None, language: str) -> str:
    return "" if confirmed_ms is None else CONFIRMED_AT(when=_when(confirmed_ms)).in_language(language)


def _verdict(point: Mapping[str, Any]) -> str:
    return str(point["proof"]["verdict"]) if point["proof"] else ""


def _allowed(proof: Mapping[str, Any]) -> float:
    return float(proof["tolerance"]) + float(proof["resolution"]) / 2


def _timed(timing: Mapping[str, Any] | None, language: str) -> str:
    if timing is None:
        return "-"
    values = {key: timing[key] for key in ("polls", "errors", "seconds")}
    times = {"p50": _number(timing["p50_ms"]), "p99": _number(timing["p99_ms"])}
    return TIMED(**values, **times).in_language(language)


def _number(value: float | None, digits: int = 9) -> str:
    return "-" if value is None else f"{value:.{digits}g}"


def _when(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _hex(text: str) -> str:
    return " ".join(text[i : i + 2] for i in range(0, len(text), 2)).upper()
