"""A workbook gives back every text and number as it was, and says what it cannot hold."""

from __future__ import annotations

import io
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from core.errors import Invalid
from core.findings import Finding
from core.shared_texts import plain, shared_texts
from core.sheet_text import MOST_UNITS
from registry import tables
from registry.database import insert_many
from registry.sheet_writer import letters, written
from registry.workbook import WorkbookSource

FIELDS = ("code", "name_zh", "name_en")
TRAPS = ("_x0041_", "x005F_", "_x005F_x0041_", "<r><t>x</t></r>", "<r>", "=1+1", "+1", "-1", "@x", "https://a.b", "12")
TEXTS = st.lists(st.sampled_from([*TRAPS, "_", "x", "甲", "😀", "&", "<", '"', " ", "\u2028"]), min_size=1, max_size=6)


def read_back(data: bytes, folder: Path) -> tuple[list[dict[str, str]], list[Finding]]:
    """The texts of the sheet of departments, and what was wrong."""
    path = folder / "a.xlsx"
    path.write_bytes(data)
    findings: list[Finding] = []
    with closing(WorkbookSource(path, findings)) as book:
        rows = book.rows("departments", findings, required=True)
    return [{name: field.text for name, field in row.fields.items()} for row in rows], findings


@given(texts=st.lists(TEXTS.map("".join).map(str.strip).filter(bool), min_size=1, max_size=8))
def test_every_text_comes_back(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever it looks like: a formula, a link, a number, markup, a character's number, all of them together."""
    records = [{"code": f"a{at}", "name_zh": text, "name_en": text} for at, text in enumerate(texts)]
    data = written([("departments", FIELDS, records)], "en")
    found, findings = read_back(data, tmp_path_factory.mktemp("book"))
    assert (found, findings) == (records, [])
    cells = [cell for row in load_workbook(io.BytesIO(data)).active.iter_rows(min_row=3) for cell in row]
    assert {cell.data_type for cell in cells} == {"s"}
    assert not [cell for cell in cells if cell.hyperlink]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_comes_back(number: float) -> None:
    """Of up to 15 digits as a number, else as text; never another one."""
    data = written([("communities", ("code", "latitude"), [{"code": "a", "latitude": number}])], "zh")
    value = load_workbook(io.BytesIO(data)).active["B3"].value
    assert float(value) == number
    assert isinstance(value, str) == (float(f"{number:.15g}") != number)


def test_texts_longer_than_a_cell_refuse_the_workbook() -> None:
    """Each is named with its record, column and length, and what to do; a character of two units counts twice."""
    records = [
        {"code": "a", "name_zh": "x" * MOST_UNITS, "name_en": "x" * (MOST_UNITS + 1)},
        {"code": "b", "name_zh": "😀" * 16_384},
    ]
    with pytest.raises(Invalid) as caught:
        written([("departments", FIELDS, records)], "en")
    said = [one.what_in("en") for one in caught.value.findings]
    beyond = "; a cell holds 32767, and what is beyond would be cut off"
    assert said == [
        f"name_en of a has 32768 characters{beyond}",
        f"name_zh of b has 32768 characters{beyond}",
    ]
    assert caught.value.findings[0].fix_in("zh") == "导出为 CSV，网格也可导出为 GeoJSON"
    points = [{"facility": "f", "measurement": "m", "bus": "x" * 40_000}]
    with pytest.raises(Invalid, match="bus of f/m has 40000"):
        written([("points", ("facility", "measurement", "bus"), points)], "en")


def test_a_text_as_long_as_a_cell_may_have_been_cut(tmp_path: Path) -> None:
    """It is told at its cell, since nobody can see it; one that is shorter by a character was not cut."""
    records = [{"code": f"a{less}", "name_zh": "x" * (MOST_UNITS - less)} for less in (0, 1)]
    found, (finding,) = read_back(written([("departments", FIELDS, records)], "zh"), tmp_path)
    assert (finding.code, finding.place) == ("TG-3087", "[a.xlsx]部门!B3")
    assert finding.what_in("zh") == "中文名称：文本正好是单元格的上限 32767 个字符，可能已被截断"
    assert [len(row.get("name_zh", "")) for row in found] == [0, MOST_UNITS - 1]


def test_shared_texts_are_read_as_they_were_meant() -> None:
    """Runs are joined, reading aids left out, characters put back for their numbers, half characters left alone."""
    name = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    entries = [
        "<si><t>a_x000D_b</t></si>",
        "<si><t>_x005F_x0041_</t></si>",
        '<si><r><rPr/><t xml:space="preserve">a </t></r><r><t>b</t></r><rPh sb="0" eb="1"><t>reading</t></rPh></si>',
        "<si><t/></si>",
        "<si><t>x005F_ _xD800_</t></si>",
    ]
    text = f'<sst xmlns="{name}">{"".join(entries)}</sst>'
    assert shared_texts(io.BytesIO(text.encode())) == ["a\rb", "_x0041_", "a b", "", "x005F_ _xD800_"]
    assert plain("_x005F_x005F_") == "_x005F_"


def test_texts_are_shared_in_the_file() -> None:
    """One that stands in many cells stands in the file once."""
    records = [{"code": f"a{at}", "name_zh": "水务局"} for at in range(50)]
    with zipfile.ZipFile(io.BytesIO(written([("departments", FIELDS, records)], "zh"))) as book:
        assert book.read("xl/sharedStrings.xml").decode().count("水务局") == 1
        assert b"inlineStr" not in book.read("xl/worksheets/sheet1.xml")


def test_columns_are_lettered() -> None:
    """As spreadsheets do."""
    assert [letters(at) for at in (1, 26, 27, 703)] == ["A", "Z", "AA", "AAA"]


@pytest.mark.parametrize("count", [3, 1_500])
def test_many_rows_are_stored_as_few_are(engine: sa.Engine, count: int) -> None:
    """Truth, nothing, numbers and texts of any kind."""
    departments = [
        {"code": f"d{at:04d}", "name_zh": "甲%s:x?", "name_en": "'\"", "active": at % 2 == 0} for at in range(count)
    ]
    lines = [{"at_ms": 2**40 + at, "actor": "甲", "what": "x", "ref": "", "detail": '{"a": 1}'} for at in range(count)]
    with engine.begin() as connection:
        insert_many(connection, tables.department, departments)
        insert_many(connection, tables.audit, lines)
        found = connection.execute(sa.select(tables.department).order_by("code")).mappings().all()
        names = [tables.audit.c[name] for name in lines[0]]
        told = connection.execute(sa.select(*names).order_by("at_ms")).mappings().all()
    assert [dict(row) for row in found] == departments
    assert [dict(row) for row in told] == lines
