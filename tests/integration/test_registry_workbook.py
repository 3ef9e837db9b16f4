"""A workbook with 50 things wrong: all are told at their rows, nothing is applied; put right, it goes round."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.database import migrate, open_database
from bench.registry_bench import DAY, missed
from bench.registry_city import COUNT, city, plant, write
from core.errors import Invalid
from core.ports.registry import ChangeKind
from registry import exporter, importer, numbering
from registry.classbook import load_classes
from registry.columns import collection_of
from registry.content import read_folder
from registry.queries import Registry


def test_fifty_errors_are_found_and_nothing_is_half_applied(tmp_path: Path) -> None:
    """Every planted error has its finding at its sheet and row, no sound row has one; nothing is applied."""
    engine = open_database(f"sqlite:///{tmp_path / 'city.sqlite'}", durable=False)
    migrate(engine)
    sound, wrong = tmp_path / "sound.xlsx", tmp_path / "wrong.xlsx"
    write(city(2, 400), sound)
    content = read_folder(sound, load_classes(), DAY)
    importer.apply(engine, content, day=DAY, actor="t", now_ms=1)
    version, before = Registry(engine, load_classes()).version(), exporter.tables_of(engine)
    made = city(2, 400)
    planted = plant(made)
    write(made, wrong)

    with pytest.raises(Invalid) as caught:
        read_folder(wrong, load_classes(), DAY)

    found = [(one.code, collection_of(one.file), one.line) for one in caught.value.findings]
    assert COUNT == len(planted) == 50
    assert missed(planted, found) == []
    assert {place[1:] for place in found} <= {(one.sheet, one.row) for one in planted}
    assert all(one.what_in("zh") and one.fix_in("zh") for one in caught.value.findings)
    assert Registry(engine, load_classes()).version() == version
    assert exporter.tables_of(engine) == before
    engine.dispose()


def test_a_person_s_workbook_goes_round(tmp_path: Path) -> None:
    """What a person wrote is imported, exported and imported without a difference; the numbers follow the standard."""
    engine = open_database(f"sqlite:///{tmp_path / 'city.sqlite'}", durable=False)
    migrate(engine)
    sound, back = tmp_path / "sound.xlsx", tmp_path / "back.xlsx"
    write(city(2, 400), sound)
    content = read_folder(sound, load_classes(), DAY)
    assert numbering.notices(content.cells, content.facilities) == []
    done = importer.apply(engine, content, day=DAY, actor="t", now_ms=1)
    assert {change.kind for change in done.changes} == {ChangeKind.ADD}
    back.write_bytes(exporter.workbook_bytes(exporter.tables_of(engine), "en"))
    assert not importer.plan(engine, read_folder(back, load_classes(), DAY), DAY)
    vacant = [post for post in Registry(engine, load_classes()).roster().posts if post.holder is None]
    assert len(vacant) == 4
    assert all(post.code and post.since for post in vacant)
    engine.dispose()
