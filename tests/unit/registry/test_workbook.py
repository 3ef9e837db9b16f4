"""The registry as a workbook: the round trip is exact; what spreadsheets make of entries is understood or told."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from core.errors import Invalid
from core.findings import Finding
from core.people import Shift
from registry import calendar_entries, entries, exporter, importer, tables
from registry.classbook import load_classes
from registry.columns import ORDER, SHEETS, Holds, collection_of, column, field_named, sheet_named
from registry.content import read_folder
from registry.queries import Registry
from registry.record import Record
from registry.rows import shift_text
from registry.sheet_values import Cell, text_of
from registry.sources import Field, Row
from tests.databases import Databases
from tests.unit.registry import city
from tests.unit.registry.test_holdings import folder as folder

EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - spreadsheets know no zone


def at_clock(*parts: int) -> datetime:
    """A moment as a cell holds it."""
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001 - spreadsheets know no zone


CALENDAR = """\
- {entry: general, zone: Asia/Shanghai, holidays: none, unpublished: weekdays, night: "21:30-05:30"}
- {entry: opening, hours: workday 08:30-12:00 14:00-17:30; weekend 09:00-24:00; holiday closed}
- {entry: opening, class: elevator, hours: daily 20:00-02:00, valid_from: 2026-07-01}
- {entry: season, name: flood, first: 05-01, last: 10-15}
- {entry: day, date: 2027-02-06, is: holiday}
- {entry: year, year: 2027}
- {entry: work, code: swap, facility: [aa-sp-01, aa-sp-02], name: {zh: 换泵, en: Swap}, from: 2026-12-01T08:00,
   until: 2026-12-01T17:00}
"""


@pytest.fixture
def stocked(engine: sa.Engine, folder: Path) -> sa.Engine:
    """The city with everything in it that a registry can hold, hostile names included."""
    (folder / "calendar.yaml").write_text(CALENDAR, "utf-8")
    facilities = folder / "facilities.csv"
    text = (
        facilities.read_text("utf-8").replace("Lift 1", "\"=cmd|' /C calc'!A0\"").replace("一号电梯", "（一）号电梯１")
    )
    facilities.write_text(text, "utf-8")
    people = folder / "people.yaml"
    people.write_text(
        people.read_text("utf-8").replace("mon-sun 08:00-20:00", "mon-fri 08:00-12:00 20:00-04:00; sat 00:00-24:00"),
        "utf-8",
    )
    known = {"floor", "door_open", "has_people"}
    one, two = sorted(load_classes()["elevator"].facility_class.measurements.keys() - known)[:2]
    points = "facility,measurement,gateway,bus,interval_s,stale_after_s\n"
    points += f"aa-li-01,{one},city/gw-aa,,2.5,60\naa-li-01,{two},city/gw-aa,line-1,,\n"
    (folder / "points.csv").write_text(points, "utf-8")
    city.import_city(engine, folder)
    return engine


@pytest.fixture
def book(stocked: sa.Engine, tmp_path: Path) -> Path:
    path = tmp_path / "city.xlsx"
    path.write_bytes(exporter.workbook_bytes(exporter.tables_of(stocked), "zh"))
    return path


def change(book: Path, edit: Callable[[Any], object]) -> None:
    """Edit a workbook as a person would."""
    loaded = load_workbook(book)
    edit(loaded)
    loaded.save(book)


def differences(engine: sa.Engine, path: Path) -> list[str]:
    content = read_folder(path, load_classes(), city.DAY)
    return [str(one) for one in importer.plan(engine, content, city.DAY).changes]


def problems(path: Path) -> tuple[Finding, ...]:
    with pytest.raises(Invalid) as caught:
        read_folder(path, load_classes(), city.DAY)
    return tuple(caught.value.findings)


def row_of(sheet: Any, code: str) -> int:
    return next(row[0].row for row in sheet.iter_rows() if row[0].value == code)


def at(book: Any, sheet: str, code: str, heading: str) -> Any:
    """The cell of a record below a heading."""
    found = book[sheet]
    place = next(cell.column for cell in found[1] if cell.value == heading)
    return found.cell(row_of(found, code), place)


class _Asked(dict[str, Field]):
    """Fields that are not there, and remember who was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return default


def _read_fields(collection: str) -> set[str]:
    """The fields that reading a record of a kind asks for."""
    if collection == "calendar":
        return {"entry"}.union(*calendar_entries.FIELDS.values())
    asked = _Asked()
    singular = {"communities": "community", "people": "person", "facilities": "facility", "amenities": "amenity"}
    decode = getattr(entries, singular.get(collection, collection.removesuffix("s")))
    decode(Record(Row("t", 1, asked), []))
    return asked.names


def test_columns_are_those_of_the_files() -> None:
    """Every field of every file has a column, and no column has no field; headings are found in both languages."""
    for collection, fields in ORDER.items():
        assert set(fields) == _read_fields(collection)
        assert len(fields) == len(set(fields))
        names = [column(name).zh for name in fields]
        assert len(set(names)) == len(names)
        assert [field_named(collection, f" {name}* ") for name in names] == list(fields)
        assert [field_named(collection, name.upper()) for name in fields] == list(fields)
    titles = [title for said in SHEETS.values() for title in (said.zh, said.en)]
    assert [sheet_named(title) for title in titles] == [name for name in SHEETS for _ in range(2)]
    assert collection_of("[city.xlsx]人员") == collection_of("people.yaml") == "people"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_workbook_of_the_registry_changes_nothing(stocked: sa.Engine, tmp_path: Path, language: str) -> None:
    """Exported and imported again, in either language, nothing differs; also after a spreadsheet has saved it."""
    path = tmp_path / "city.xlsx"
    path.write_bytes(exporter.workbook_bytes(exporter.tables_of(stocked), language))
    assert differences(stocked, path) == []
    change(path, lambda loaded: None)
    assert differences(stocked, path) == []


def test_what_arithmetic_left_behind_a_place_is_nowhere_shown(stocked: sa.Engine, tmp_path: Path) -> None:
    """112.10400000000001 is 112.104 in lists, forms and exports, whoever stored it; imported again it is the same."""
    place = {"longitude": 112.10400000000001, "latitude": 31.704000000000004}
    with stocked.begin() as connection:
        connection.execute(sa.update(tables.facility).where(tables.facility.c.code == "aa-sp-01").values(**place))
    found = Registry(stocked, load_classes()).facility_by_code("aa-sp-01")
    assert found is not None
    assert (found.facility.longitude, found.facility.latitude) == (112.104, 31.704)
    written = exporter.write_folder(exporter.tables_of(stocked), tmp_path / "out")
    text = next(path for path in written if path.stem == "facilities").read_text("utf-8")
    assert ",31.704,112.104," in text
    assert differences(stocked, tmp_path / "out") == []
    path = tmp_path / "out" / "facilities.csv"
    path.write_text(text.replace(",31.704,112.104,", ",31.70400001,112.10400000000001,"), "utf-8")
    assert differences(stocked, tmp_path / "out") == []
    path.write_text(text.replace(",31.704,112.104,", ",31.7040001,112.104,"), "utf-8")
    assert differences(stocked, tmp_path / "out") == ["~ facilities aa-sp-01 (latitude: 31.704 → 31.7040001)"]


def test_a_folder_of_the_registry_changes_nothing(stocked: sa.Engine, tmp_path: Path) -> None:
    """The same in CSV, and with the cells as GeoJSON."""
    target = tmp_path / "out"
    written = exporter.write_folder(exporter.tables_of(stocked), target)
    assert {path.stem for path in written} == set(ORDER)
    assert differences(stocked, target) == []
    (target / "cells.csv").unlink()
    (target / "cells.geojson").write_text(exporter.geojson_text(exporter.tables_of(stocked)), "utf-8")
    assert differences(stocked, target) == []


def test_a_workbook_builds_the_same_registry(
    stocked: sa.Engine, book: Path, tmp_path: Path, databases: Databases | None
) -> None:
    """Into an empty database it brings what the folder brought."""
    other = city.new_engine(tmp_path / "other.db", databases)
    tables.metadata.create_all(other)
    importer.apply(other, read_folder(book, load_classes(), city.DAY), day=city.DAY, actor="t", now_ms=1)
    texts = [[exporter.csv_text(table) for table in exporter.tables_of(one)] for one in (other, stocked)]
    assert texts[0] == texts[1]
    other.dispose()


def test_a_sheet_says_how_far_it_reaches(book: Path) -> None:
    """So that reading it need not go through all of it before the first row."""
    stated = {sheet.title: (sheet.max_row, sheet.max_column) for sheet in load_workbook(book, read_only=True)}
    assert stated == {sheet.title: (sheet.max_row, sheet.max_column) for sheet in load_workbook(book)}
    assert stated["设施"][0] > 5


def test_no_text_becomes_a_formula(book: Path) -> None:
    """A name that looks like a formula is a text in the file."""
    cell = at(load_workbook(book), "设施", "aa-li-01", "英文名称")
    assert (cell.value, cell.data_type) == ("=cmd|' /C calc'!A0", "s")


def test_an_edit_is_the_only_difference(stocked: sa.Engine, book: Path) -> None:
    """What people change is what would change, field by field."""

    def edit(loaded: Any) -> None:
        at(loaded, "设施", "aa-sp-01", "建成时间").value = 2001
        at(loaded, "人员", "aa-m1", "技能").value = "pump　lift"
        at(loaded, "社区", "aa", "生效日期").value = date(2020, 1, 2)

    change(book, edit)
    assert sorted(differences(stocked, book)) == [
        "~ communities aa (valid_from: '2020-01-01' → '2020-01-02')",
        "~ facilities aa-sp-01 (built: '1998' → '2001')",
        "~ people aa-m1 (skills: ('electrical', 'lift', 'pump') → ('lift', 'pump'))",
    ]


def test_what_spreadsheets_do_is_understood(stocked: sa.Engine, book: Path) -> None:
    """Dates as dates and as serial numbers, full-width digits, blank rows, a title, merged cells: nothing differs."""

    def edit(loaded: Any) -> None:
        at(loaded, "社区", "aa", "生效日期").value = at_clock(2020, 1, 1)
        at(loaded, "社区", "bb", "生效日期").value = 43831
        at(loaded, "设施", "aa-sp-01", "建成时间").value = "１９９８年"
        at(loaded, "设施", "aa-sp-02", "建成时间").value = "2003/6"
        at(loaded, "设施", "aa-sp-01", "部件代码").value = "４206840101000001"
        at(loaded, "人员", "vol", "志愿者").value = "是"
        at(loaded, "岗位", "p-1", "起始日期").value = "2020年1月1日"
        facilities = loaded["设施"]
        facilities.insert_rows(row_of(facilities, "aa-li-01"), 3)
        people = loaded["人员"]
        people.insert_rows(1)
        people["A1"] = "某市双网格人员登记表"
        people.merge_cells("A1:F1")
        cells = loaded["网格"]
        place = next(cell.column_letter for cell in cells[1] if cell.value == "社区")
        rows = [row_of(cells, code) for code in ("aa-g-00", "aa-g-01")]
        cells.merge_cells(f"{place}{rows[0]}:{place}{rows[1]}")
        loaded.create_sheet("#说明")["A1"] = "只是说明"
        loaded.create_sheet("Sheet1")

    change(book, edit)
    assert differences(stocked, book) == []


WRONG = (
    ("设施", "aa-sp-01", "类别", "sewage_pmup", "类别*：没有类别 'sewage_pmup'"),
    ("设施", "aa-sp-02", "社区", "zz", "社区：社区中没有 'zz'"),
    ("设施", "aa-li-01", "上级设施", "aa-none", "上级设施：设施中没有 'aa-none'"),
    ("设施", "aa-ia-01", "建成时间", "2099", "aa-ia-01 的建成时间 2099 晚于今天"),
    ("设施", "bb-sp-01", "经度", "东经一百一十二度", "经度：'东经一百一十二度' 不是数字"),
    ("人员", "aa-g1", "工作社区", "xx", "工作社区：社区中没有 'xx'"),
    ("人员", "aa-m1", "岗位网格", "aa-g-00", "aa-g-00 属于治理网格"),
    ("人员", "aa-m2", "英文名称", None, "英文名称：未填写"),
    ("岗位", "p-1", "在岗人员", "nobody", "在岗人员：人员中没有 'nobody'"),
    ("网关", "city", "社区", "yy", "社区：社区中没有 'yy'"),
    ("网格", "bb-c-0", "社区", "ww", "社区：社区中没有 'ww'"),
)


def test_every_error_names_its_column_as_the_sheet_has_it(book: Path) -> None:
    """What only the whole book can tell, too; in Chinese no name of a field, in English that of the file."""
    cells: dict[tuple[str, str, str], str] = {}

    def edit(loaded: Any) -> None:
        for sheet, code, heading, value, _said in WRONG:
            cell = at(loaded, sheet, code, heading)
            cell.value = value
            cells[sheet, code, heading] = f"[city.xlsx]{sheet}!{cell.coordinate}"
        head = next(cell for cell in loaded["设施"][1] if cell.value == "类别")
        head.value = "类别*"

    change(book, edit)
    found = problems(book)
    told = {(one.place, one.what_in("zh")) for one in found}
    for sheet, code, heading, _value, said in WRONG:
        place = cells[sheet, code, heading]
        assert any(where == place and what.startswith(said) for where, what in told), (place, said, told)
    assert all(one.column for one in found), [str(one) for one in found if not one.column]
    fields = {name for order in ORDER.values() for name in order if len(name) > 4} | set(SHEETS)
    spoken = [(one.what_in("zh"), one.fix_in("zh")) for one in found]
    assert not [text for both in spoken for text in both if fields & set(re.findall("[a-z_]+", text))]


def test_a_column_that_is_not_there_is_named_in_the_language_of_the_reader(book: Path) -> None:
    """Nobody can point at it: Chinese readers see the heading that a sheet would have, others the field."""

    def edit(loaded: Any) -> None:
        sheet = loaded["设施"]
        sheet.delete_cols(next(cell.column for cell in sheet[1] if cell.value == "经度"))
        sheet.cell(1, 30).value = "颜色"
        sheet.cell(3, 30).value = "red"

    change(book, edit)
    found = problems(book)
    missing = next(one for one in found if one.code == "TG-3020")
    assert (missing.what_in("zh"), missing.what_in("en")) == ("经度：未填写", "longitude: is missing")
    strange = next(one for one in found if one.code == "TG-3031")
    assert strange.what_in("zh") == "颜色：设施没有这一列"
    assert "经度" in strange.fix_in("zh")
    assert "longitude" in strange.fix_in("en")


def test_a_csv_calls_its_columns_by_their_names(folder: Path) -> None:
    """There the headings are the names of the fields, in Chinese too; the column is counted."""
    facilities = folder / "facilities.csv"
    facilities.write_text(facilities.read_text("utf-8").replace("sewage_pump,bb", "sewage_pmup,zz"), "utf-8")
    told = {(one.place, one.what_in("zh")) for one in problems(folder) if one.file == "facilities.csv"}
    line = next(at for at, text in enumerate(facilities.read_text("utf-8").splitlines(), 1) if ",zz," in text)
    assert (f"facilities.csv:{line}:2", "class：没有类别 'sewage_pmup'") in told
    assert (f"facilities.csv:{line}:3", "community：社区中没有 'zz'") in told


def test_everything_wrong_in_a_workbook_is_told_at_its_cell(book: Path) -> None:
    """Sheet, row and column as spreadsheets write them; what stands beside it is read nevertheless."""

    def edit(loaded: Any) -> None:
        at(loaded, "设施", "aa-sp-01", "纬度").value = "北纬31度"
        at(loaded, "设施", "aa-sp-02", "部件代码").value = 4206840101000001
        at(loaded, "设施", "aa-li-01", "上级设施").value = date(2026, 1, 2)
        at(loaded, "设施", "aa-ia-01", "经度").value = "=A1*2"
        at(loaded, "设施", "bb-sp-01", "类别").value = "sewage_pmup"
        at(loaded, "人员", "aa-m1", "角色").value = "#N/A"
        at(loaded, "人员", "aa-m2", "角色").value = "boss"
        people = loaded["人员"]
        row = row_of(people, "aa-m3")
        people.merge_cells(start_row=row, end_row=row, start_column=2, end_column=3)
        people.cell(row, 40).value = "?"
        loaded["岗位"].title = "岗为"
        extra = loaded.create_sheet("people")
        extra["A1"] = "code"

    change(book, edit)
    found = {(one.code, one.place) for one in problems(book)}
    book_of = load_workbook(book)
    facility = {
        code: row_of(book_of["设施"], code) for code in ("aa-sp-01", "aa-sp-02", "aa-li-01", "aa-ia-01", "bb-sp-01")
    }
    person = {code: row_of(book_of["人员"], code) for code in ("aa-m1", "aa-m2", "aa-m3")}
    expected = {
        ("TG-3024", f"[city.xlsx]设施!F{facility['aa-sp-01']}"),
        ("TG-3085", f"[city.xlsx]设施!V{facility['aa-sp-02']}"),
        ("TG-3085", f"[city.xlsx]设施!P{facility['aa-li-01']}"),
        ("TG-3084", f"[city.xlsx]设施!G{facility['aa-ia-01']}"),
        ("TG-3042", f"[city.xlsx]设施!B{facility['bb-sp-01']}"),
        ("TG-3084", f"[city.xlsx]人员!D{person['aa-m1']}"),
        ("TG-3027", f"[city.xlsx]人员!D{person['aa-m2']}"),
        ("TG-3083", f"[city.xlsx]人员!B{person['aa-m3']}"),
        ("TG-3082", f"[city.xlsx]人员!AN{person['aa-m3']}"),
        ("TG-3081", "[city.xlsx]岗为"),
        ("TG-3081", "[city.xlsx]people"),
    }
    assert expected <= found


def test_missing_sheets_and_headings_are_named(tmp_path: Path) -> None:
    """An empty workbook names every sheet that is needed; a sheet without headings says what they look like."""
    path = tmp_path / "a.xlsx"
    made = Workbook()
    made.active.title = "streets"
    for row in range(12):
        made.active.append([f"甲{row}", 1])
    made.save(path)
    found = [(one.code, one.file) for one in problems(path)]
    assert found.count(("TG-3082", "[a.xlsx]streets")) == 1
    assert [code for code, _ in found].count("TG-3081") == 5


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04 broken", b"\xd0\xcf\x11\xe0 an old workbook, or one with a password"]
)
def test_what_is_no_workbook_is_said_so(tmp_path: Path, data: bytes) -> None:
    """Old, encrypted and broken files are refused with what to do."""
    path = tmp_path / "a.xlsx"
    path.write_bytes(data)
    (finding,) = problems(path)
    assert finding.code == "TG-3080"


def test_a_workbook_that_unpacks_without_end_is_refused(tmp_path: Path) -> None:
    """Before anything of it is unpacked."""
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in range(2):
            with archive.open(f"xl/{part}.xml", "w", force_zip64=True) as out:
                for _ in range(600):
                    out.write(bytes(1024 * 1024))
    (finding,) = problems(path)
    assert finding.code == "TG-3014"


@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 1439), st.integers(1, 1440)), max_size=8, unique_by=lambda x: x[:2]
    )
)
def test_shifts_are_written_as_they_are_read(parts: list[tuple[int, int, int]]) -> None:
    """Whatever a week looks like, its text is read as the same week."""
    from registry.record import Record
    from registry.sources import Field, Row

    shifts = [Shift(weekday=day, from_minute=begin, to_minute=begin + length) for day, begin, length in parts]
    text = exporter.shifts_text(shift_text(shift) for shift in shifts)
    findings: list[Finding] = []
    row = Row("people.csv", 2, {"shifts": Field(text, 2, 1)} if text else {})
    assert set(Record(row, findings).shifts("shifts")) == set(shifts)
    assert findings == []


@pytest.mark.parametrize(
    ("value", "holds", "number_format", "text"),
    [
        (7, Holds.CODE, "000", "007"),
        (7, Holds.CODE, "General", "7"),
        (420684001001001, Holds.CODE, "0", "420684001001001"),
        (7.5, Holds.CODE, "General", "7.5"),
        (31.705, Holds.NUMBER, "0.0", "31.705"),
        (112, Holds.NUMBER, "General", "112"),
        ("３１．７", Holds.NUMBER, "", "31.7"),
        (" （甲） ", Holds.TEXT, "", "（甲）"),
        ("Ａ１\u200b", Holds.CODE, "", "A1"),
        (True, Holds.FLAG, "", "true"),
        (0, Holds.FLAG, "", "false"),
        ("否", Holds.FLAG, "", "false"),
        (2026, Holds.DATE, "General", "2026"),
        (46053, Holds.DATE, "General", "2026-01-31"),
        (20260131, Holds.DATE, "General", "20260131"),
        ("2026.1.31", Holds.DATE, "", "2026-01-31"),
        ("31.1.2026", Holds.DATE, "", "31.1.2026"),
        (at_clock(2026, 1, 31, 8), Holds.DATE, "", "2026-01-31T08:00"),
        (at_clock(2026, 1, 31, 8), Holds.MOMENT, "", "2026-01-31T08:00"),
        (1998, Holds.BUILT, "General", "1998"),
        (at_clock(1998, 6, 1), Holds.BUILT, "yyyy-mm", "1998-06"),
        (at_clock(1998, 1, 1), Holds.BUILT, "yyyy", "1998"),
        (at_clock(1998, 6, 1), Holds.BUILT, "yyyy-mm-dd", "1998-06-01"),
        ("１２", Holds.VALUE, "", "12"),
        ("Ａ", Holds.VALUE, "", "Ａ"),
    ],
)
def test_what_a_cell_means(value: object, holds: Holds, number_format: str, text: str) -> None:
    """Each thing that spreadsheets make of what people type, by what the column holds."""
    cell = Cell(value=value, holds=holds, is_error=False, number_format=number_format, epoch=EPOCH)
    assert text_of(cell) == text


def feature(geometry: str, code: str = "x") -> str:
    return '{"type": "Feature", "properties": {"code": "' + code + '"}, "geometry": ' + geometry + "}"


def test_wrong_maps_are_told_by_line(folder: Path) -> None:
    """Points, holes and several polygons are no cells; another projection is refused as a whole."""
    (folder / "cells.csv").unlink()
    ring = "[[112.1, 31.7], [112.11, 31.7], [112.11, 31.71], [112.1, 31.7]]"
    shapes = [
        '{"type": "Point", "coordinates": [1, 2]}',
        '{"type": "Polygon", "coordinates": [' + ring + ", " + ring + "]}",
        '{"type": "MultiPolygon", "coordinates": [[' + ring + "], [" + ring + "]]}",
        "null",
        '{"type": "MultiPolygon", "coordinates": [[' + ring + "]]}",
    ]
    path = folder / "cells.geojson"
    path.write_text(
        '{"type": "FeatureCollection", "features": [\n' + ",\n".join(map(feature, shapes)) + "\n]}", "utf-8"
    )
    lines = [one.line for one in problems(folder) if (one.code, one.file) == ("TG-3086", "cells.geojson")]
    assert lines == [2, 3, 4, 5]
    assert {one.line for one in problems(folder) if one.code == "TG-3020" and one.file == "cells.geojson"} == {6}
    path.write_text('{"crs": {"properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}, "features": []}', "utf-8")
    assert [one.code for one in problems(folder) if one.file == "cells.geojson"] == ["TG-3086"]
    path.write_text('{"features": [', "utf-8")
    assert [one.code for one in problems(folder) if one.file == "cells.geojson"] == ["TG-3086"]
