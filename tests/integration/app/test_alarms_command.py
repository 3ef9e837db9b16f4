"""``twingrid alarms report`` as a stranger meets it: without an installation, without a community, with a wrong one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.cli import run
from app.database import migrate, open_database
from registry import importer
from registry.classbook import load_classes
from registry.content import read_folder
from tests.unit.registry import city


def settings_in(folder: Path) -> tuple[str, Path]:
    """A settings file, and the file its database would be."""
    file = folder / "twingrid.yaml"
    file.write_text("data_dir: data\n")
    return str(file), folder / "data" / "twingrid.sqlite"


def installed(folder: Path) -> str:
    """An installation with the small city; its settings file."""
    file, database = settings_in(folder)
    engine = open_database(f"sqlite:///{database}")
    migrate(engine)
    city.write_city(folder / "registry")
    content = read_folder(folder / "registry", load_classes(), city.DAY)
    importer.apply(engine, content, day=city.DAY, actor="tests", now_ms=city.NOW_MS)
    engine.dispose()
    return file


@pytest.mark.parametrize(
    "arguments", [("alarms", "report"), ("rule", "explain", "pump-dry-run", "--facility", "aa-sp-01")]
)
@pytest.mark.parametrize(("language", "word"), [("en", "nothing of Twingrid at"), ("zh", "还没有 Twingrid 的数据")])
def test_where_nothing_is_installed_it_is_said_and_nothing_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], language: str, word: str
) -> None:
    """A command that only reads says what to do, ends with 1, and leaves the folder as it was."""
    file, _ = settings_in(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert run(["--lang", language, *arguments, "--config", file]) == 1
    said = capsys.readouterr()
    assert word in said.err.replace("\n", " ")
    assert "--config" in said.err
    assert said.out == ""
    assert sorted(tmp_path.rglob("*")) == before


def test_an_empty_database_file_is_left_empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that somebody else made gets no tables by reading."""
    file, database = settings_in(tmp_path)
    database.parent.mkdir()
    database.touch()
    assert run(["--lang", "en", "alarms", "report", "--config", file]) == 1
    assert "nothing of Twingrid at" in capsys.readouterr().err
    engine = sa.create_engine(f"sqlite:///{database}")
    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()


def test_without_a_community_all_are_reported_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where there is no community yet."""
    file, database = settings_in(tmp_path)
    engine = open_database(f"sqlite:///{database}")
    migrate(engine)
    engine.dispose()
    assert run(["--lang", "en", "alarms", "report", "--json", "--config", file]) == 0
    assert json.loads(capsys.readouterr().out)["alarms"] == 0


def test_a_community_that_does_not_exist_is_named_with_those_that_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong use ends with 2; a right code does not."""
    file = installed(tmp_path)
    assert run(["--lang", "en", "alarms", "report", "--community", "zz", "--config", file]) == 2
    assert "no community has the code zz; there are: aa, bb" in capsys.readouterr().err.replace("\n", " ")
    assert run(["--lang", "en", "alarms", "report", "--community", "aa", "--config", file]) == 0
