"""Revisits of before belong to the first resident who reported the case; the way back keeps one of each closing."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command

from app.database import _config, differences, open_database

BEFORE, AFTER = "0034", "0035"


def moved(engine: sa.Engine, to: str, *, down: bool = False) -> None:
    """Migrate to a revision."""
    config = _config()
    with engine.connect().execution_options(write_intent=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        (command.downgrade if down else command.upgrade)(config, to)


def put(connection: sa.Connection, name: str, **values: object) -> None:
    """Insert a row; what is not named is empty."""
    table = sa.Table(name, sa.MetaData(), autoload_with=connection)
    empty = {
        column.name: "" if isinstance(column.type, sa.String) else 0
        for column in table.columns
        if not column.nullable and not column.primary_key
    }
    connection.execute(sa.insert(table).values(empty | values))


def test_revisits_go_to_reports_and_back(tmp_path: Path) -> None:
    """Asked and without a number: the resident's; called, answered or drawn: nobody's. Numbers are used once."""
    engine = open_database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    moved(engine, BEFORE)
    with engine.begin() as connection:
        for case in (1, 2):
            put(connection, "dispatch_case", number=case, code=f"C-{case}", opening_alarm=str(case), facility=case)
        for line in range(1, 5):
            put(connection, "dispatch_history", id=line, case=1 if line < 4 else 2)
        for intake, source in ((5, "worker"), (6, "resident"), (7, "resident")):
            put(connection, "dispatch_intake", number=intake, code=str(intake), key=str(intake), source=source, case=1)
        for line, state, phone in ((1, "due", ""), (2, "due", "138"), (3, "answered", ""), (4, "due", "")):
            case = 1 if line < 4 else 2
            values = {"line": line, "case": case, "token": str(line), "state": state, "phone": phone}
            put(connection, "dispatch_revisit", number=line, **values)
    moved(engine, AFTER)
    with engine.begin() as connection:
        found = connection.execute(sa.text("SELECT line, intake FROM dispatch_revisit ORDER BY line")).all()
        assert [tuple(row) for row in found] == [(1, 6), (2, 0), (3, 0), (4, 0)]
        made = connection.execute(sa.text("SELECT sql FROM sqlite_master WHERE name = 'dispatch_revisit'")).scalar_one()
        assert "AUTOINCREMENT" in str(made)
        put(connection, "dispatch_revisit", line=1, case=1, token="other", state="due", intake=7)
    assert [one for one in differences(engine) if "revisit" in str(one)] == []
    moved(engine, BEFORE, down=True)
    with engine.connect() as connection:
        found = connection.execute(sa.text("SELECT line, token FROM dispatch_revisit ORDER BY line")).all()
        assert [tuple(row) for row in found] == [(line, str(line)) for line in range(1, 5)]
        made = connection.execute(sa.text("SELECT sql FROM sqlite_master WHERE name = 'dispatch_revisit'")).scalar_one()
        assert "AUTOINCREMENT" in str(made)
    moved(engine, AFTER)
    assert [one for one in differences(engine) if "revisit" in str(one)] == []
    engine.dispose()
