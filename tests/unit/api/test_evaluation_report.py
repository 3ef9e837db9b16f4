"""The monthly report: workbook and paper say the same figures, completely, in both languages."""

from __future__ import annotations

import base64
import io
import re
import zipfile
import zlib

import pytest
from openpyxl import load_workbook
from reportlab.pdfbase.pdfmetrics import stringWidth

from api import evaluation_texts as say
from api.evaluation_paper import MOST_LINES, column_width, paper
from api.evaluation_tables import Column, Sheet, Show, sheets
from api.evaluation_workbook import workbook
from core.places import Text
from core.ports.evaluation import (
    Evaluation,
    Indicator,
    Line,
    Part,
    Share,
    Standing,
    Tally,
    Training,
    TrainingReason,
)
from core.ports.intake import Burden
from core.shared_texts import shared_texts
from core.trades import SKILLS
from registry.classbook import load_classes

HEADING = say.SPAN(begin="2026-10-01", end="2026-10-31", known="2026-11-01 06:00")
LANGUAGES = ("zh", "en")
ASKED = [
    Burden(
        department="fire",
        community=1,
        asked=6,
        admitted=3,
        joined=0,
        returned=1,
        answered=0,
        waiting=0,
        referred=2,
        inspections=1,
        asked_min=240,
        cases=3,
        tasks=5,
        done=4,
        labour_min=120,
        late=1,
        people=9,
    )
]


def share(indicator: Indicator, part: int, whole: int, standing: Standing = Standing.LIKE) -> Share:
    value = part / whole if whole else None
    return Share(
        indicator=indicator,
        tally=Tally(part, whole),
        value=value,
        low=0.1,
        high=0.9,
        standing=standing,
        peers=Tally(80, 100),
    )


def line(key: str, standing: Standing = Standing.LIKE) -> Line:
    return Line(
        key=key,
        cases=12,
        ended=11,
        tasks=34,
        load=17.0,
        labour_min=90,
        spent_fen=12_345,
        waited_ms=5_400_000,
        blind_ms=0,
        shares=[share(one, 41, 44, standing) for one in Indicator],
        scores=(2, 1, 3, 15, 23),
    )


def evaluation(workers: int = 2) -> Evaluation:
    return Evaluation(
        from_ms=0,
        to_ms=1,
        known_ms=1,
        whole=line(""),
        parts={
            Part.COMMUNITY: [line("1")],
            Part.CELL: [line("=HYPERLINK(1)"), line("")],
            Part.WORKER: [line(str(number), Standing.WORSE) for number in range(workers)],
            Part.DEPARTMENT: [line("water"), line("@community")],
        },
        trainings=[
            Training(
                person=1, skill="pump", reason=TrainingReason.REWORK, own=Tally(5, 12), peers=Tally(3, 90), saved=4.6
            )
        ],
    )


def name_of(part: Part, key: str) -> Text | None:
    return None if part is Part.CELL else Text(zh=f"名{part}{key}", en=f"{part} {key}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_workbook_has_every_table_with_every_count(language: str) -> None:
    """The workbook has every table with every count."""
    found = evaluation()
    made = sheets(found, ASKED, name_of)
    book = load_workbook(io.BytesIO(workbook(made, HEADING, 20, language)))
    assert book.sheetnames == [say.NOTES.in_language(language), *(one.name.in_language(language) for one in made)]
    cells = book[say.PARTS[Part.COMMUNITY].in_language(language)]
    head = [cell.value for cell in cells[1]]
    row = dict(zip(head, [cell.value for cell in cells[2]], strict=True))
    label = say.INDICATORS[Indicator.REWORK].in_language(language)
    counted, of_them = say.COUNTED.in_language(language), say.OF_THEM.in_language(language)
    assert row[label] == pytest.approx(41 / 44)
    assert (row[f"{label} · {counted}"], row[f"{label} · {of_them}"]) == (41, 44)
    assert row[say.SPENT.in_language(language)] == pytest.approx(123.45)
    assert [row[one.in_language(language)] for one in say.SCORES] == [2, 1, 3, 15, 23]
    assert row[say.INDICATORS[Indicator.SATISFIED].in_language(language)] == pytest.approx(41 / 44)


def test_no_name_becomes_a_formula() -> None:
    """No name becomes a formula."""
    book = load_workbook(io.BytesIO(workbook(sheets(evaluation(), ASKED, name_of), HEADING, 20, "en")))
    cell = book["Cells"]["A2"]
    assert (cell.value, cell.data_type) == ("=HYPERLINK(1)", "s")


HOSTILE = ("_x0041_", "_x005F_x0041_", "=1+1", "bell\x07", "泵😀房", "<r>x</r>", " a ", "+86")


def test_every_name_comes_back_from_the_workbook() -> None:
    """What looks like a character's number, a formula or markup, control characters, emoji: the same texts again."""
    column = Column(say.CASES, Show.TEXT)
    made = Sheet(name=say.CASES, columns=(column,), rows=tuple((text,) for text in HOSTILE))
    data = workbook([made], HEADING, 20, "en")
    with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open("xl/sharedStrings.xml") as stream:
        texts = shared_texts(stream)
    assert set(HOSTILE) <= set(texts)
    cells = load_workbook(io.BytesIO(data))[say.CASES.in_language("en")]
    assert [row[0].data_type for row in cells.iter_rows(min_row=2)] == ["s"] * len(HOSTILE)


def test_every_row_has_a_cell_for_every_column() -> None:
    """Every row has a cell for every column."""
    for sheet in sheets(evaluation(), ASKED, name_of):
        assert sheet.rows
        assert {len(row) for row in sheet.rows} == {len(sheet.columns)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_paper_is_a_pdf_of_some_pages_and_the_same_every_time(language: str) -> None:
    """The paper is a pdf of some pages and the same every time."""
    first, again = (paper(evaluation(), ASKED, HEADING, name_of, 20, language) for _ in range(2))
    assert first == again
    assert first.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", first)) >= 2


def test_a_long_part_is_cut_on_paper_and_whole_in_the_workbook() -> None:
    """A long part is cut on paper and whole in the workbook."""
    found = evaluation(workers=MOST_LINES + 40)
    book = load_workbook(io.BytesIO(workbook(sheets(found, ASKED, name_of), HEADING, 20, "en")), read_only=True)
    assert len(list(book["Workers"].rows)) == MOST_LINES + 41
    short = evaluation(workers=MOST_LINES)
    longer = len(paper(found, ASKED, HEADING, name_of, 20, "en"))
    assert longer < 1.5 * len(paper(short, ASKED, HEADING, name_of, 20, "en"))


def sizes_of_text(page: bytes) -> list[float]:
    """The sizes of the fonts that a page chooses, in order; its foot comes first."""
    drawn = zlib.decompress(base64.a85decode(page.strip().removesuffix(b"~>")))
    return [float(size) for size in re.findall(rb"/F\d+(?:\+\d+)? ([\d.]+) Tf", drawn)]


def test_no_heading_is_the_last_thing_on_a_page() -> None:
    """Wherever a part before it ends."""
    for workers in range(1, 30, 6):  # a heading needs the room of seven lines
        made = paper(evaluation(workers=workers), ASKED, HEADING, name_of, 20, "en")
        pages = [sizes_of_text(one) for one in re.findall(rb"stream\r?\n(.*?)endstream", made, re.DOTALL)]
        assert any(12.0 in sizes for sizes in pages), "there are headings"
        assert [sizes for sizes in pages if sizes and sizes[-1] == 12.0] == [], workers


def test_no_word_or_figure_of_a_part_is_broken_on_paper() -> None:
    """One column a measure: the longest word, and counts of four digits, fit between the lines of the grid."""
    heads = [one.in_language("en") for one in say.INDICATORS.values()]
    words = [word for head in heads for word in head.split()] + ["100.0% (–)", "9999/9999"]
    room = column_width(len(Indicator)) - 4  # 2 points of padding on either side
    broken = {word: round(stringWidth(word, "Helvetica", 6.5), 1) for word in words}
    assert {word: width for word, width in broken.items() if width > room} == {}


def test_an_empty_month_says_so_in_both_formats() -> None:
    """An empty month says so in both formats."""
    nothing = Evaluation(
        from_ms=0,
        to_ms=1,
        known_ms=1,
        whole=Line(
            key="",
            cases=0,
            ended=0,
            tasks=0,
            load=0.0,
            labour_min=0,
            spent_fen=0,
            waited_ms=0,
            blind_ms=0,
            shares=[share(one, 0, 0, Standing.FEW) for one in Indicator],
        ),
        parts={},
        trainings=[],
    )
    assert workbook(sheets(nothing, (), name_of), HEADING, 20, "zh")
    assert paper(nothing, (), HEADING, name_of, 20, "zh").startswith(b"%PDF-")


def test_english_paper_is_set_in_one_font_and_marks_better_and_worse_with_signs_it_has() -> None:
    """Arrows and dashes once fell into the Chinese font, in the middle of an English line."""
    names = {part: Text(zh="名", en=f"{part} – “one”") for part in Part}
    made = paper(evaluation(), ASKED, HEADING, lambda part, _: names[part], 20, "en")
    assert b"STSong" not in made
    assert b"STSong" in paper(evaluation(), ASKED, HEADING, lambda part, _: names[part], 20, "zh")
    assert "(+)" in say.EXPLAINED[2].en
    assert "↑" not in "".join(one.en for one in say.EXPLAINED)


def test_what_departments_asked_stands_with_what_it_cost() -> None:
    """Asked, admitted, sent back, cases, tasks, late, and the hours on both sides."""
    sheet = next(one for one in sheets(evaluation(), ASKED, name_of) if one.name == say.BURDENS)
    assert [*sheet.rows[0][2:]] == [6, 3, 1, 2, 3, 5, 1, 4.0, 2.0]


def test_every_word_has_both_languages() -> None:
    """Every word has both languages."""
    for table, words in (
        (say.INDICATORS, Indicator),
        (say.STANDINGS, Standing),
        (say.REASONS, TrainingReason),
        (say.PARTS, Part),
        (SKILLS, {one.skill for one in load_classes().values() if one.skill}),
    ):
        assert set(table) == set(words)
        assert all(one.zh and one.en and one.zh != one.en for one in table.values())
