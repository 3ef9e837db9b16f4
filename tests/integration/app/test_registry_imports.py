"""Importing a file at the pages: read in a child, all errors told, the shown differences applied or nothing."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from openpyxl import Workbook, load_workbook

from app.registry_imports import ImportWorkers
from app.settings import Settings
from app.wiring import database
from core.errors import Refused, Unavailable
from core.ports.registry_import import ImportJob, ImportState
from registry import exporter, tables
from registry.book import SqlRegistryBook
from registry.classbook import load_classes
from registry.commands import RegistryCommandsSql
from registry.editing import SqlRegistryEditing
from registry.queries import Registry
from tests.unit.registry import city

BUSY = (ImportState.READING, ImportState.APPLYING)


@dataclass
class Office:
    """Where imports are at work, and the registry below."""

    workers: ImportWorkers
    engine: sa.Engine

    def ended(self, number: str) -> ImportJob:
        """The import once it rests."""
        until_s = time.monotonic() + 60
        while time.monotonic() < until_s:
            job = self.workers.job(number, "mgr")
            assert job is not None
            if job.state not in BUSY:
                return job
            time.sleep(0.05)
        raise TimeoutError(number)

    def shown(self, name: str, data: bytes) -> ImportJob:
        """A file read and compared."""
        return self.ended(self.workers.start(name, data, "mgr", city.DAY, city.NOW_MS).number)

    def text(self) -> str:
        """Everything in the registry."""
        return "".join(exporter.csv_text(table) for table in exporter.tables_of(self.engine))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """The small city, and workers on it."""
    settings = Settings.model_validate({"data_dir": str(tmp_path / "data")})
    settings.data_dir.mkdir()
    engine = database(settings)
    city.import_city(engine, city.write_city(tmp_path / "reg"))
    with ImportWorkers(settings) as workers:
        yield Office(workers, engine)
    engine.dispose()


def workbook(office: Office) -> Workbook:
    """The registry as a workbook, to write into."""
    path = office.workers.export("xlsx", "zh")
    made = load_workbook(io.BytesIO(path.read_bytes()))
    path.unlink()
    return made


def saved(book: Workbook) -> bytes:
    """A workbook as a file."""
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def rename(book: Workbook, code: str, name: str) -> None:
    """Give a facility another Chinese name."""
    sheet = book["设施"]
    heads = [cell.value for cell in sheet[1]]
    row = next(row for row in sheet.iter_rows() if row[0].value == code)
    row[next(at for at, head in enumerate(heads) if str(head).startswith("中文名称"))].value = name


def test_what_is_shown_is_applied_and_stands_in_the_history(office: Office) -> None:
    """A workbook with one name changed: one difference, from and to; applied under the login."""
    book = workbook(office)
    rename(book, "aa-li-01", "新电梯")
    job = office.shown("city.xlsx", saved(book))
    assert (job.state, job.counts) == (ImportState.SHOWN, {"facilities": {"change": 1}})
    (change,) = office.workers.changes(job.number, "mgr", "", 0, 10)
    assert (change.code, [(name.zh, a, b) for name, a, b in change.fields]) == (
        "aa-li-01",
        [("中文名称", "一号电梯", "新电梯")],
    )
    assert office.workers.changes(job.number, "somebody", "", 0, 10) == ()
    with pytest.raises(Refused):
        office.workers.apply(job.number, "mgr", "0" * 64)
    office.workers.apply(job.number, "mgr", job.token)
    assert office.ended(job.number).state is ImportState.APPLIED
    (line,) = SqlRegistryBook(office.engine).changes("facilities", "aa-li-01", limit=1)
    assert (line.actor, line.after) == ("mgr", '"新电梯"')
    with pytest.raises(Refused):
        office.workers.apply(job.number, "mgr", job.token)


def test_what_a_cell_cannot_hold_is_told_in_place_of_a_workbook(office: Office) -> None:
    """Which record, which column, how long and what to do; as CSV it is exported."""
    with office.engine.begin() as connection:
        connection.execute(sa.update(tables.facility).values(address_zh="长" * 32_768))
    with pytest.raises(Refused) as caught:
        office.workers.export("xlsx", "zh")
    said = caught.value.in_language("zh")
    assert said.startswith(
        "aa-ia-01 的中文地址有 32768 个字符，一个单元格最多容纳 32767 个，多出的会被截断；导出为 CSV"
    )
    assert "address_zh of aa-ia-01 has 32768 characters" in caught.value.in_language("en")
    path = office.workers.export("zip", "zh")
    with zipfile.ZipFile(path) as made:
        assert "长" * 32_768 in made.read("facilities.csv").decode()


def test_a_file_that_cannot_be_kept_is_told_and_blocks_nobody(office: Office, tmp_path: Path) -> None:
    """A full disk ends the import that met it, not those that come after."""
    book = saved(workbook(office))
    kept = tmp_path / "data" / "imports"
    kept.rmdir()
    kept.write_bytes(b"")  # no folder can be made where a file stands
    for _ in range(5):
        with pytest.raises(Unavailable):
            office.workers.start("city.xlsx", book, "mgr", city.DAY, city.NOW_MS)
        with pytest.raises(Unavailable):
            office.workers.export("xlsx", "zh")
    kept.unlink()
    assert office.shown("city.xlsx", book).state is ImportState.SHOWN


def test_a_long_name_is_a_name(office: Office) -> None:
    """Two hundred Chinese characters are more bytes than a disk takes for a name."""
    name = f"{'社' * 195}.xlsx"
    job = office.shown(name, saved(workbook(office)))
    assert (job.state, job.name) == (ImportState.SHOWN, name)


def test_exports_wait_in_a_short_line(office: Office) -> None:
    """Who comes fourth is told to come back, and holds no thread of the server meanwhile."""

    def export(_: int) -> bool:
        try:
            office.workers.export("zip", "zh").unlink()
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(8) as callers:
        assert sum(callers.map(export, range(8))) == 3
    office.workers.export("zip", "zh").unlink()


def test_a_registry_that_changed_meanwhile_is_told_and_nothing_applied(office: Office) -> None:
    """Even a change of something else."""
    book = workbook(office)
    rename(book, "aa-li-01", "新电梯")
    job = office.shown("city.xlsx", saved(book))
    number = Registry(office.engine, load_classes()).communities()[0].number
    gateway = Registry(office.engine, load_classes()).gateways()[0]
    RegistryCommandsSql(office.engine).enrol_gateway(gateway.node, gateway.name, number, "x", city.NOW_MS)
    before = office.text()
    office.workers.apply(job.number, "mgr", job.token)
    assert office.ended(job.number).state is ImportState.OVERTAKEN
    assert office.text() == before


def test_one_sheet_alone_leaves_the_rest_as_it_is(office: Office) -> None:
    """A CSV of one kind is checked against the registry; who is missing in it ends."""
    text = "code,name_zh,name_en,role,communities,cells\naa-g1,甲,A,grid_worker,aa,aa-g-00\n"
    job = office.shown("人员.csv", text.encode())
    assert job.state is ImportState.SHOWN
    assert list(job.kinds) == ["people"]
    assert set(job.counts) == {"people"}
    assert job.counts["people"]["retire"] == 10
    wrong = office.shown("people.csv", text.replace("aa-g-00", "aa-g-77").replace("grid_worker", "king").encode())
    assert wrong.state is ImportState.REFUSED
    assert {(one.kind, one.row, one.letter) for one in wrong.findings} == {("people", 2, "D")}
    assert all(one.what.zh and one.fix.en for one in wrong.findings)


def test_cells_may_come_as_a_map(office: Office) -> None:
    """What is exported changes nothing; a cell that is gone leaves facilities without one, named by their code."""
    path = office.workers.export("geojson", "en")
    data = path.read_bytes()
    path.unlink()
    job = office.shown("cells.geojson", data)
    assert (job.state, job.counts) == (ImportState.SHOWN, {})
    cut = data.replace(b'"aa-g-00"', b'"aa-g-09"', 1)
    assert office.shown("cells.geojson", cut).state is ImportState.REFUSED


def test_what_is_no_file_of_ours_is_told(office: Office) -> None:
    """A name that says nothing, a workbook that is none, sheets that are none."""
    files = {"x.csv": b"a,b\n", "city.xlsx": b"PK no", "../../etc/people.exe": b"", "facilities.geojson": b"{}"}
    for name, data in files.items():
        job = office.shown(name, data)
        assert job.state is ImportState.REFUSED, name
        assert job.findings
    empty = Workbook()
    assert office.shown("e.xlsx", saved(empty)).state is ImportState.REFUSED


def test_a_bomb_is_refused_before_it_unpacks(office: Office) -> None:
    """Shared texts of half a gigabyte weigh half a megabyte."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/sharedStrings.xml", "w") as part:
        for _ in range(200):
            part.write(b" " * 1024 * 1024)
    job = office.shown("bomb.xlsx", out.getvalue())
    assert job.state is ImportState.REFUSED
    assert [one.number for one in job.findings] == ["TG-3014"]


def test_csv_files_in_a_zip_and_an_end_in_the_middle(office: Office, tmp_path: Path) -> None:
    """The export is a folder that imports; closing while one is read leaves nothing behind."""
    path = office.workers.export("zip", "en")
    with zipfile.ZipFile(path) as archive:
        assert {"people.csv", "facilities.csv", "cells.csv"} <= set(archive.namelist())
    office.workers.start("people.csv", b"code\n", "mgr", city.DAY, 1)
    office.workers.__exit__(None, None, None)
    assert not (tmp_path / "data" / "imports").exists()
    assert SqlRegistryEditing(office.engine, load_classes()).record("people", "aa-g1") is not None
