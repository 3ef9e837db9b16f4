"""Exports of series: the store's columns in three forms, bounded, of nobody else's points, and never a formula."""

from __future__ import annotations

import csv
import io
import logging
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from pyarrow import parquet

from api import series_columns, series_files
from api.ports import NoCalendar
from api.problem_kinds import Problems
from api.problems import ProblemError
from api.series_columns import Label, of_readings, offsets_ms, rows_by_bucket, stretches
from api.series_files import Shape
from core.errors import Unavailable
from core.places import Text
from core.ports.calendar_view import CalendarYear
from core.ports.store import Commit
from core.quality import GOOD, QualityClass, Reason, quality
from core.readings import Readings, readings
from store.memory import MemoryStore
from tests.unit.api.world import NOW_MS, World

URL: Final = "/api/v1/series/export"
TIMEOUT: Final = quality(QualityClass.NOT_MEASURED, Reason.TIMEOUT)
DOUBTED: Final = quality(QualityClass.UNCERTAIN, Reason.CLOCK_UNSYNCED)
ACTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
SPAN: Final = {"from_ms": NOW_MS - 100_000, "to_ms": NOW_MS}
T0_MS: Final = NOW_MS - 100_000


def batch(**changes: Any) -> Readings:
    """Two points of community 1 and one of community 2, with a gap, a value that is none, and a text."""
    held: dict[str, Any] = {
        "point": [101, 101, 101, 101, 102, 201],
        "time_ms": [T0_MS, T0_MS + 10_001, T0_MS + 60_000, T0_MS + 70_000, T0_MS + 5, T0_MS + 5],
        "value": [1.5, math.nan, -2.25, math.nan, 1e-7, 9.0],
        "quality": [GOOD, TIMEOUT, DOUBTED, GOOD, GOOD, GOOD],
        "text": {3: "=2+3"},
    }
    return readings(**held | changes)


@pytest.fixture
def town(world: World) -> World:
    """The world with those readings."""
    world.store.commit(Commit(readings=batch()))
    return world


def ask(town: World, form: str, login: str = "manager1", **asked: Any) -> Any:
    with town.client(login) as client:
        return client.get(f"{URL}/{form}", params={"facility": 10, **SPAN, **asked})


def lines(content: bytes) -> list[dict[str, str]]:
    """The rows of a CSV by the names of its columns."""
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def cells(content: bytes) -> list[list[Any]]:
    """The rows of the one sheet of a workbook."""
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def iso(time_ms: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ms)).strftime("%Y-%m-%dT%H:%M:%S.%f")[
        :-3
    ] + "Z"


def test_a_csv_holds_the_columns_of_the_store(town: World) -> None:
    """Every reading of the facility's points and no other, sorted, with quality; no row where nothing was read."""
    answer = ask(town, "csv", language="en")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].endswith('-readings.csv"')
    found = lines(answer.content)
    assert tuple(found[0]) == series_columns.RAW
    held = town.store.read(np.array([101, 102], np.int32), SPAN["from_ms"], SPAN["to_ms"])
    assert [one["time_utc"] for one in found] == [iso(one) for one in held.time_ms.tolist()]
    assert [float(one["value"] or "nan") for one in found] == pytest.approx(held.value.tolist(), nan_ok=True, abs=0)
    assert [one["value"] for one in found] == ["1.5", "", "-2.25", "", "1e-7"]
    assert [one["measurement"] for one in found] == ["level"] * 4 + ["current"]
    assert [one["unit"] for one in found] == ["m"] * 4 + ["A"]
    assert {one["facility"] for one in found} == {"c1-sp-01"}
    assert [(one["quality"], one["reason"]) for one in found[:3]] == [
        ("good", ""),
        ("not_measured", "timeout"),
        ("uncertain", "clock_unsynced"),
    ]
    assert [one["text"] for one in found] == ["", "", "", "'=2+3", ""]


def test_a_parquet_file_holds_times_and_nulls(town: World) -> None:
    """Instants in UTC to the millisecond, wall clock beside them, null where there is no number, texts as they are."""
    answer = ask(town, "parquet")
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    found = parquet.read_table(io.BytesIO(answer.content))
    assert tuple(found.column_names) == series_columns.RAW
    assert found.schema.metadata[b"time_zone"] == b"UTC"
    assert found.column("time_utc").cast("int64").to_pylist() == [*batch().time_ms[:5].tolist()]
    assert str(found.schema.field("time_utc").type) == "timestamp[ms, tz=UTC]"
    assert found.column("value").to_pylist() == [1.5, None, -2.25, None, 1e-7]
    assert found.column("text").to_pylist() == [None, None, None, "=2+3", None]
    assert found.column("quality").to_pylist()[:3] == ["good", "not_measured", "uncertain"]


@pytest.mark.parametrize(
    ("language", "head", "bad"),
    [
        ("en", ["Time (UTC)", "Local time (UTC)"], ["not measured", "the device did not answer"]),
        ("zh", ["时间（UTC）", "当地时间（UTC）"], ["未测到", "设备未应答"]),
    ],
)
def test_a_workbook_speaks_the_readers_language(town: World, language: str, head: list[str], bad: list[str]) -> None:
    """Heads and qualities in words; times are times, numbers are numbers, and nothing is a formula."""
    answer = ask(town, "xlsx", language=language)
    found = cells(answer.content)
    assert found[0][:2] == head
    assert found[2][-2:] == bad
    assert [row[5] for row in found[1:]] == [1.5, None, -2.25, None, 1e-7]
    assert found[4][6] == "=2+3"
    seen = found[2][0].replace(tzinfo=UTC)
    assert abs(seen.timestamp() * 1000 - (T0_MS + 10_001)) < 1
    sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "d", "inlineStr"}


def test_the_last_day_by_default_and_any_list_of_points(town: World) -> None:
    """Without a range the last 24 h; points in any order, twice or not, come sorted and once."""
    with town.client("administrator0") as client:
        found = lines(client.get(f"{URL}/csv?point=201&point=101&point=201").content)
    assert [one["measurement"] for one in found] == ["level"] * 5
    assert [one["facility"] for one in found] == ["c1-sp-01"] * 4 + ["c2-sp-01"]


def test_roll_ups_are_those_of_the_store(town: World) -> None:
    """Every bucket with readings, its width beside it; none for a gap; a bucket without a good one has no numbers."""
    answer = ask(town, "csv", step_ms=30_000)
    found = lines(answer.content)
    assert tuple(found[0]) == series_columns.ROLLED
    points = np.array([101, 102], np.int32)
    held = town.store.rollup(points, T0_MS - T0_MS % 30_000, NOW_MS, 30_000)
    assert [one["time_utc"] for one in found] == [iso(one) for one in held.start_ms.tolist()]
    assert [(int(one["count"]), int(one["bad"])) for one in found] == list(
        zip(held.count.tolist(), held.bad.tolist(), strict=True)
    )
    for name in ("minimum", "mean", "maximum", "first", "last"):
        kept = getattr(held, name).tolist()
        assert [float(one[name] or "nan") for one in found] == pytest.approx(kept, nan_ok=True, abs=0)
    assert {one["step_s"] for one in found} == {"30"}
    assert cells(ask(town, "xlsx", step_ms=30_000, language="en").content)[0][5:7] == ["Step (s)", "Minimum"]
    assert parquet.read_table(io.BytesIO(ask(town, "parquet", step_ms=30_000).content)).num_rows == len(found)


class _Zoned:
    def __init__(self, zone: str) -> None:
        self._zone = zone

    def year(self, year: int) -> CalendarYear:
        return replace(NoCalendar().year(year), zone=self._zone)


def test_local_time_is_that_of_the_site(town: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its distance from UTC in a CSV, as the clock shows it elsewhere."""
    ports = World.ports
    monkeypatch.setattr(World, "ports", lambda self: replace(ports(self), calendars=_Zoned("Asia/Shanghai")))
    first = lines(ask(town, "csv").content)[0]
    local = datetime.fromtimestamp(T0_MS / 1000, ZoneInfo("Asia/Shanghai"))
    assert first["local_time"] == local.isoformat(timespec="milliseconds")
    assert first["local_time"].endswith("+08:00")
    table = parquet.read_table(io.BytesIO(ask(town, "parquet").content))
    assert table.column("local_time")[0].as_py() == local.replace(tzinfo=None)
    assert cells(ask(town, "xlsx").content)[0][1] == "当地时间（Asia/Shanghai）"


@given(
    st.lists(st.integers(0, 4_000_000_000_000), max_size=40),
    st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "UTC"]),
)
def test_offsets_are_those_of_the_zone(times: list[int], name: str) -> None:
    """Whether the zone moves its clocks or not, as one look-up for each moment would say."""
    zone = ZoneInfo(name)
    found = offsets_ms(np.array(times, np.int64), zone).tolist()
    wanted = [datetime.fromtimestamp(one // 1000, UTC).astimezone(zone).utcoffset() for one in times]
    assert found == [round(one.total_seconds() * 1000) for one in wanted if one is not None]


@pytest.mark.parametrize("step_ms", [0, 1_000, 60_000, 3_600_000])
@pytest.mark.parametrize("most", [1, 7, 50, 10_000])
def test_pieces_put_together_are_the_whole(step_ms: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However an export is cut, its rows are the answer to one question: nothing twice, nothing lost, in order."""
    monkeypatch.setattr(series_columns, "PIECE_ROWS", most)
    store = MemoryStore()
    random = np.random.default_rng(5)
    n = 400
    many = readings(
        point=np.sort(random.choice([3, 5, 8], n, p=[0.8, 0.15, 0.05])),
        time_ms=T0_MS + random.choice(20_000_000, n, replace=False),
        value=random.normal(size=n),
    )
    store.commit(Commit(readings=many))
    points = np.array([3, 4, 5, 8], np.int32)
    from_ms, to_ms = T0_MS + 1_234, T0_MS + 19_999_999
    width = series_columns.probe_ms(to_ms - from_ms, len(points), step_ms)
    probe = store.rollup(points, from_ms - from_ms % width, to_ms, width)
    rows = rows_by_bucket(probe, step_ms)
    cut = stretches(probe, rows, points, from_ms, to_ms, step_ms)
    pairs: list[tuple[Any, ...]]
    wanted: list[Any]
    if step_ms:
        begin = from_ms - from_ms % step_ms
        whole = store.rollup(points, begin, to_ms, step_ms)
        parts = [store.rollup(one.points, one.from_ms - one.from_ms % step_ms, one.to_ms, step_ms) for one in cut]
        pairs = [(one.point, one.start_ms, one.count) for one in parts]
        wanted = [whole.point, whole.start_ms, whole.count]
    else:
        kept = store.read(points, from_ms, to_ms)
        found = [store.read(one.points, one.from_ms, one.to_ms) for one in cut]
        pairs = [(one.point, one.time_ms, one.offset) for one in found]
        wanted = [kept.point, kept.time_ms, kept.offset]
    for column, held in enumerate(wanted):
        assert np.concatenate([one[column] for one in pairs]).tolist() == held.tolist()
    assert int(rows.sum()) >= len(wanted[0])


def test_a_hostile_name_stays_a_text(town: World) -> None:
    """Formulas, quotes, line ends, characters' numbers and markup come back as they were; a CSV gets an apostrophe."""
    held = town.registry.known_facilities
    for name in ('=cmd|"/c calc"!A1', "@SUM(A1)", '多"行\r\n,名', "_x0041_", "_x00e9_", "<r><t>x</t></r>", "-1+1"):
        held[10] = replace(held[10], facility=replace(held[10].facility, name=Text(zh=name, en=name)))
        plain = lines(ask(town, "csv").content)[0]["facility_name"]
        assert plain == (f"'{name}" if name.startswith(ACTS) else name)
        assert not plain.startswith(ACTS)
        assert parquet.read_table(io.BytesIO(ask(town, "parquet").content)).column("facility_name")[0].as_py() == name
        sheet = load_workbook(io.BytesIO(ask(town, "xlsx").content)).worksheets[0]
        kept = sheet["D2"].value.replace("_x000D_", "\r")  # how a workbook writes that character
        assert (kept, sheet["D2"].data_type in ("s", "inlineStr")) == (name, True)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30))
def test_no_text_of_a_csv_begins_like_a_formula(text: str) -> None:
    """Whatever a point says."""
    points = np.array([1], np.int32)
    label = Label(point=1, facility=text, facility_name=text, measurement=text, measurement_name=text, unit=text)
    piece = of_readings(readings(point=[1], time_ms=[5], value=[math.nan], text={0: text}), points, ZoneInfo("UTC"))
    shape = Shape(labels=[label], step_ms=0, zone="UTC", language="en")
    made = b"".join(series_files.as_csv(shape, [piece])).decode("utf-8-sig")
    for cell in list(csv.reader(io.StringIO(made, newline="")))[1]:
        assert not cell.startswith(ACTS)


def test_a_text_that_no_cell_holds_is_refused_and_not_left_out() -> None:
    """As long as a cell is a file; one unit longer, or as long in characters that count twice, is told."""
    points = np.array([1], np.int32)
    label = Label(point=1, facility="x", facility_name="x", measurement="x", measurement_name="x", unit="1")
    shape = Shape(labels=[label], step_ms=0, zone="UTC", language="en")
    for text, whole in (("a" * 32_767, True), ("a" * 32_768, False), ("\U00020000" * 16_384, False)):
        batch = readings(point=[1], time_ms=[5], value=[math.nan], text={0: text})
        piece = of_readings(batch, points, ZoneInfo("UTC"))
        assert text in b"".join(series_files.as_csv(shape, [piece])).decode()
        if whole:
            with series_files.as_workbook(shape, [piece]) as file:
                assert text in cells(file.read())[1]
            continue
        with pytest.raises(ProblemError) as refused:
            series_files.as_workbook(shape, [piece])
        assert refused.value.problem is Problems.CELL_FULL


def test_other_communities_are_not_found(town: World) -> None:
    """One point out of sight among others refuses the whole; what does not exist is told apart from nothing."""
    with town.client("manager1") as client:
        for query in ("facility=20", "facility=99", "point=201", "point=101&point=201", "point=101&point=9999"):
            answer = client.get(f"{URL}/csv?{query}")
            assert (answer.status_code, answer.json()["code"]) == (404, "TG-4040"), query


def test_wrong_questions_are_told_all_at_once(town: World) -> None:
    """Both a facility and points, a step that charts do not have, a range backward, a form there is not."""
    answer = ask(town, "csv", point=101, step_ms=1_234)
    assert answer.json()["code"] == "TG-4220"
    assert [one["where"] for one in answer.json()["errors"]] == ["query.facility", "query.step_ms"]
    with town.client("manager1") as client:
        assert client.get(f"{URL}/csv").json()["errors"][0]["where"] == "query.facility"
        assert client.get(f"{URL}/pdf?facility=10").status_code == 422
    assert ask(town, "csv", from_ms=NOW_MS, to_ms=NOW_MS - 1).json()["code"] == "TG-4220"
    assert ask(town, "csv", from_ms=0).json()["code"] == "TG-4131"


@pytest.mark.parametrize("form", ["csv", "parquet", "xlsx"])
def test_more_rows_than_allowed_are_refused_before_the_file_begins(town: World, form: str) -> None:
    """As many as allowed are a file; one fewer allowed is a refusal that says how many there are."""
    town.settings = replace(town.settings, max_export_rows=5)
    assert ask(town, form).status_code == 200
    town.settings = replace(town.settings, max_export_rows=4)
    answer = ask(town, form)
    assert (answer.status_code, answer.json()["code"]) == (413, "TG-4132")
    assert "5" in answer.json()["detail"]
    assert "4" in answer.json()["detail"]


def test_a_sheet_that_is_full_names_the_other_forms(town: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told before the file begins; and should more come while it is made, it is not cut without a word."""
    monkeypatch.setattr("api.series_desk.SHEET_ROWS", 6)
    assert ask(town, "xlsx").status_code == 200
    monkeypatch.setattr("api.series_desk.SHEET_ROWS", 5)
    answer = ask(town, "xlsx", "administrator0", language="en")
    assert (answer.status_code, answer.json()["code"]) == (413, "TG-4133")
    assert "CSV or Parquet" in answer.json()["fix"]
    assert ask(town, "csv").status_code == 200
    monkeypatch.setattr("api.series_desk.SHEET_ROWS", 1_048_576)
    monkeypatch.setattr("api.series_files.SHEET_ROWS", 5)
    assert ask(town, "xlsx").json()["code"] == "TG-4133"


def test_readings_that_are_gone_are_not_left_out_without_a_word(town: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where days have gone that held some, readings are refused; roll-ups, and later readings, are given."""
    monkeypatch.setattr(MemoryStore, "raw_from_ms", lambda _self: T0_MS + 50_000)
    answer = ask(town, "csv")
    assert (answer.status_code, answer.json()["code"]) == (422, "TG-4226")
    assert ask(town, "csv", step_ms=60_000).status_code == 200
    assert len(lines(ask(town, "csv", from_ms=T0_MS + 50_000).content)) == 2


def test_nothing_read_is_a_file_with_heads(world: World) -> None:
    """In every form."""
    assert ask(world, "csv").content.decode("utf-8-sig").splitlines() == [
        ",".join(f'"{name}"' for name in series_columns.RAW)
    ]
    assert parquet.read_table(io.BytesIO(ask(world, "parquet").content)).num_rows == 0
    assert len(cells(ask(world, "xlsx").content)) == 1


def test_a_store_that_does_not_answer_is_told_before_the_file_begins(
    town: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with a time to come back, not half a file."""

    def silent(*_: Any) -> Readings:
        raise Unavailable("no answer")

    monkeypatch.setattr(MemoryStore, "read", silent)
    for form in ("csv", "parquet", "xlsx"):
        answer = ask(town, form)
        assert (answer.status_code, answer.json()["code"]) == (503, "TG-5030")


def test_an_export_is_written_down(town: World, caplog: pytest.LogCaptureFixture) -> None:
    """Who, what, of which points and which time."""
    with caplog.at_level(logging.INFO, "api.series_desk"):
        ask(town, "csv")
    (record,) = [one for one in caplog.records if one.message == "series exported"]
    kept = {key: getattr(record, key) for key in ("username", "form", "points", "from_ms", "to_ms", "step_ms", "rows")}
    assert kept == {"username": "manager1", "form": "csv", "points": [101, 102], "step_ms": 0, "rows": 5, **SPAN}


def test_files_that_are_made_whole_wait_for_each_other(town: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where too many are being made the next one is to come again; a CSV, which is sent while it is read, is not."""
    monkeypatch.setattr("api.series_desk._FILES_AT_ONCE", 0)
    monkeypatch.setattr("api.series_desk._PATIENCE_S", 0.0)
    for form, status in (("parquet", 503), ("xlsx", 503), ("csv", 200)):
        answer = ask(town, form)
        assert answer.status_code == status, form
        assert (answer.headers.get("retry-after") is not None) is (status == 503)
