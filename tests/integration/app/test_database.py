"""Migrations end where the tables of the rooms are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from app.database import _config, all_metadata, differences, migrate, open_database
from core.alarms import Severity
from core.errors import Refused, Unavailable
from dispatch import tables
from dispatch.intake_tables import intake, step
from dispatch.journal import SqlJournal
from registry import tables as registry_tables
from registry.classbook import load_classes
from registry.queries import Registry


def _shape(engine: sa.Engine) -> dict[str, Any]:
    """Everything the inspector knows of a database, without the migration table."""
    inspector = sa.inspect(engine)
    shape: dict[str, Any] = {}
    for table in sorted(set(inspector.get_table_names()) - {"alembic_version"}):
        columns = {c["name"]: (str(c["type"]), c["nullable"], c["default"]) for c in inspector.get_columns(table)}
        shape[table] = {
            "columns": columns,
            "primary": inspector.get_pk_constraint(table),
            "foreign": sorted(inspector.get_foreign_keys(table), key=repr),
            "unique": sorted(inspector.get_unique_constraints(table), key=repr),
            "indexes": sorted(map(_plain, inspector.get_indexes(table))),
            "checks": sorted(inspector.get_check_constraints(table), key=repr),
        }
    return shape


def _plain(index: Any) -> str:
    """An index as text; the condition of a partial one is an object without equality."""
    options = {name: str(value) for name, value in index.get("dialect_options", {}).items()}
    return repr({**index, "dialect_options": options})


def test_migrating_from_empty_is_creating_all(tmp_path: Path) -> None:
    """All migrations on an empty database lead to exactly the tables that the rooms declare."""
    migrated, created = (open_database(f"sqlite:///{tmp_path / name}.sqlite") for name in ("migrated", "created"))
    migrate(migrated)
    for metadata in all_metadata():
        metadata.create_all(created)
    assert _shape(migrated) == _shape(created)
    assert differences(migrated) == []
    migrated.dispose()
    created.dispose()


def test_case_and_task_are_in_the_first_migration() -> None:
    """Case and task exist from the first revision on."""
    first = next((Path(__file__).parents[3] / "app" / "migrations" / "versions").glob("0001_*.py")).read_text()
    for table in ("dispatch_case", "dispatch_task", "dispatch_alarm", "dispatch_outbox", "registry_facility"):
        assert f'"{table}"' in first


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    """A second start finds everything done."""
    engine = open_database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    migrate(engine)
    before = _shape(engine)
    migrate(engine)
    assert _shape(engine) == before
    engine.dispose()


def test_a_missing_column_is_found(tmp_path: Path) -> None:
    """The comparison is not blind: a column that somebody dropped is reported."""
    engine = open_database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE dispatch_case RENAME COLUMN note TO remark"))
    assert differences(engine)
    engine.dispose()


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    """An older program does not touch the schema of a newer one."""
    engine = open_database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Refused, match="newer Twingrid"):
        migrate(engine)
    engine.dispose()


def test_a_failing_migration_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration that fails in the middle is rolled back as a whole."""
    engine = open_database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    original = sa.Connection.execute
    seen = 0

    def fail_late(self: sa.Connection, statement: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal seen
        seen += "CREATE TABLE" in str(statement)
        if seen > 5:
            raise OSError("planted")
        return original(self, statement, *args, **kwargs)

    monkeypatch.setattr(sa.Connection, "execute", fail_late)
    with pytest.raises(OSError, match="planted"):
        migrate(engine)
    monkeypatch.undo()
    assert _shape(engine) == {}
    migrate(engine)
    assert differences(engine) == []
    engine.dispose()


def test_alarms_of_rules_that_became_levels_go_over(tmp_path: Path) -> None:
    """What is on, and open cases, go over to the rule that took theirs in; of two that are on one is left."""
    engine = open_database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    _migrate_to(engine, "0005")
    with engine.begin() as connection:
        _old_case(connection, 1, "elec-residual-alarm", "a2")
        _old_alarm(connection, "a1", "elec-residual-warning", facility=1, severity=2, start_ms=100)
        _old_alarm(connection, "a2", "elec-residual-alarm", facility=1, severity=3, start_ms=200, case=1)
        _old_alarm(connection, "b1", "ups-charge-critical", facility=2, severity=3, start_ms=100)
        _old_alarm(connection, "c1", "iaq-co2-very-high", facility=3, severity=2, start_ms=100, stop_ms=300)
        _old_alarm(connection, "d1", "pump-fault", facility=4, severity=3, start_ms=100)
    migrate(engine)
    columns = 'alarm_id, rule_id, severity, active, merged_into, "case", steps'
    with engine.connect() as connection:
        found = connection.execute(sa.text(f"SELECT {columns} FROM dispatch_alarm ORDER BY alarm_id"))
        assert [tuple(row) for row in found] == [
            ("a1", "elec-residual", 3, 1, "", 1, "[]"),
            ("a2", "elec-residual", 3, 0, "a1", 1, "[]"),
            ("b1", "ups-charge-low", 3, 1, "", None, "[]"),
            ("c1", "iaq-co2-very-high", 2, 0, "", None, "[]"),
            ("d1", "pump-fault", 3, 1, "", None, "[]"),
        ]
        assert connection.execute(sa.text("SELECT rule_id FROM dispatch_case")).scalar_one() == "elec-residual"
    announced = SqlJournal(engine, rules=lambda _: None, source=Registry(engine, load_classes())).announced(0)
    assert [(alarm.alarm_id, alarm.severity, alarm.interval.steps) for alarm in announced if alarm.facility == 1] == [
        ("a1", Severity.HIGH, ())
    ]
    engine.dispose()


def test_owners_and_posts_go_down_and_up_again(tmp_path: Path) -> None:
    """The step of owners, papers, posts and history can be taken back without touching what stood there before."""
    engine = open_database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    _migrate_to(engine, "0010")
    before = _shape(engine)
    with engine.begin() as connection:
        values = "(1, 'p', '甲', 'A', 'maintainer', 0, 0, 1)"
        columns = "(number, code, name_zh, name_en, role, everywhere, supervisor, active)"
        connection.execute(sa.text(f"INSERT INTO registry_person {columns} VALUES {values}"))
    _migrate_to(engine, "0011")
    assert {"registry_history", "registry_post", "registry_village"} <= set(sa.inspect(engine).get_table_names())
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT volunteer, department FROM registry_person")).one() == (0, "")
    config = _config()
    with engine.connect().execution_options(write_intent=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.downgrade(config, "0010")
    assert _shape(engine) == before
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT code FROM registry_person")).scalar_one() == "p"
    migrate(engine)
    assert differences(engine) == []
    engine.dispose()


def _migrate_to(engine: sa.Engine, revision: str) -> None:
    """The schema as an older program left it."""
    config = _config()
    with engine.connect().execution_options(write_intent=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def _old_alarm(
    connection: sa.Connection,
    alarm_id: str,
    rule: str,
    *,
    facility: int,
    severity: int,
    start_ms: int,
    stop_ms: int | None = None,
    case: int | None = None,
) -> None:
    values: dict[str, object] = {"alarm_id": alarm_id, "rule_id": rule, "facility": facility, "severity": severity}
    values |= {"community": 0, "kind": "condition", "state": "unacknowledged", "latching": False, "say_zh": "旧"}
    values |= {"say_en": "old", "do": "[]", "start_ms": start_ms, "stop_ms": stop_ms, "since_ms": start_ms}
    values |= {"active": stop_ms is None, "late": False, "retracted": False, "merged_into": "", "split_from": ""}
    values |= {"opened_ms": start_ms, "shelve_reason": "", "suppressed": False, "out_of_service": False, "case": case}
    _insert(connection, "dispatch_alarm", values)


def _old_case(connection: sa.Connection, number: int, rule: str, alarm_id: str) -> None:
    values: dict[str, object] = {"number": number, "code": "C-1", "facility": 1, "community": 0, "family": "f"}
    values |= {"open": True, "state": "filed", "severity": 3, "lead": "construction", "rule_id": rule, "say_zh": "旧"}
    values |= {"say_en": "old", "opening_alarm": alarm_id, "opened_ms": 1, "changed_ms": 1, "due_clock": "work"}
    values |= {"due_what": "handle", "overdue": False, "escalated": 0, "suspensions": 0, "ended_by": "", "note": ""}
    _insert(connection, "dispatch_case", values)


def _insert(connection: sa.Connection, table: str, values: dict[str, object]) -> None:
    into = sa.table(table, *(sa.column(name) for name in values))
    connection.execute(sa.insert(into).values(values))


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    """A path below a file has one clear error."""
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="cannot make the database's folder"):
        open_database(f"sqlite:///{tmp_path / 'file' / 'a.sqlite'}")


def test_a_registry_in_use_gets_its_supply(tmp_path: Path) -> None:
    """Facilities that were there before the supply was known keep everything and have no parent, forth and back."""
    engine = open_database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    config = _config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        connection.exec_driver_sql("INSERT INTO registry_street VALUES ('s', '街', 'S')")
        connection.exec_driver_sql(
            "INSERT INTO registry_community VALUES (1, 'c', '区', 'C', 's', '2020-01-01', '', 0, 0)"
        )
        connection.exec_driver_sql(
            "INSERT INTO registry_facility VALUES (7, 'c-sp-01', '泵', 'Pump', 'sewage_pump', 1, 31.7, 112.1, "
            "'g', 'k', '', '', '{}', 'measured', '', '', 1)"
        )
        before = connection.exec_driver_sql("SELECT * FROM registry_facility").one()
        command.upgrade(config, "0004")
        after = connection.exec_driver_sql("SELECT * FROM registry_facility").one()
        assert tuple(after) == (*before, None, None)
        command.downgrade(config, "0003")
        assert connection.exec_driver_sql("SELECT * FROM registry_facility").one() == before
    engine.dispose()


def test_messages_of_an_older_program_go_on_where_they_were(tmp_path: Path) -> None:
    """Sent stays sent, withdrawn withdrawn, given up is seen, what waits goes on waiting; and back again."""
    engine = open_database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    _migrate_to(engine, "0013")
    rows: list[tuple[str, int | None, int | None, str]] = [("sent", None, 5, "")]
    rows += [("withdrawn", None, None, "withdrawn"), ("given_up", None, None, "no line")]
    rows.append(("waiting", 9, None, "no line"))
    with engine.begin() as connection:
        for number, (_, next_ms, sent_ms, error) in enumerate(rows):
            columns = "id, key, channel, person, kind, ref, title_zh, title_en, body_zh, body_en, created_ms, next_ms"
            connection.execute(
                sa.text(
                    f"INSERT INTO dispatch_outbox ({columns}, sent_ms, attempts, error) VALUES"
                    " (:n, :k, 'app', 1, 'task', '1', '', '', '', '', 1, :next, :sent, 1, :error)"
                ),
                {"n": number, "k": str(number), "next": next_ms, "sent": sent_ms, "error": error},
            )
    migrate(engine)
    with engine.connect() as connection:
        found = connection.execute(sa.text("SELECT state FROM dispatch_outbox ORDER BY id")).scalars().all()
    assert found == [state for state, *_ in rows]
    config = _config()
    with engine.connect().execution_options(write_intent=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.downgrade(config, "0013")
    assert "state" not in {column["name"] for column in sa.inspect(engine).get_columns("dispatch_outbox")}
    engine.dispose()


def test_projects_and_plans_go_down_and_up_again(tmp_path: Path) -> None:
    """The step of projects, ledgers and plans can be taken back without touching what stood there before."""
    engine = open_database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    _migrate_to(engine, "0019")
    before = _shape(engine)
    _migrate_to(engine, "0020")
    assert {"dispatch_project", "dispatch_fund_entry", "dispatch_plan_work"} <= set(
        sa.inspect(engine).get_table_names()
    )
    config = _config()
    with engine.connect().execution_options(write_intent=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.downgrade(config, "0019")
    assert _shape(engine) == before
    migrate(engine)
    assert differences(engine) == []
    engine.dispose()


def test_departments_go_down_and_up_again(tmp_path: Path) -> None:
    """Going back, what departments have waits, what they took is returned, their people and logins are inactive."""
    engine = open_database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    _migrate_to(engine, "0032")
    before = _shape(engine)
    migrate(engine)
    with engine.connect().execution_options(write_intent=True) as connection, connection.begin():
        for number, verdict in enumerate(("refer", "taken", "wait", "admit"), start=1):
            plain = {
                column.name: "" if isinstance(column.type, sa.String) else 0
                for column in intake.columns
                if not column.nullable
            }
            given = {"number": number, "code": f"R-{number}", "key": str(number), "verdict": verdict, "referred": "hb"}
            reasons = '["unclear_duty", "given_back"]'
            connection.execute(sa.insert(intake), plain | given | {"reasons": reasons})
        said = {"intake": 1, "at_ms": 1, "actor": "mgr", "before": "wait", "after": "refer", "department": "hb"}
        connection.execute(sa.insert(step), said | {"words": "theirs"})
        person = {"number": 1, "code": "p", "name_zh": "", "name_en": "", "role": "department", "department": "hb"}
        flags = {"everywhere": True, "supervisor": False, "active": True, "volunteer": False}
        connection.execute(sa.insert(registry_tables.person), person | flags)
        login = {"folded": "p", "username": "p", "password_hash": "x", "role": "department", "language": "zh"}
        more = {"everywhere": True, "one_time": False, "active": True, "changed_ms": 1, "department": "hb"}
        connection.execute(sa.insert(registry_tables.login), login | more)
        config = _config()
        config.attributes["connection"] = connection
        command.downgrade(config, "0032")
        rows = connection.execute(sa.text("SELECT verdict, reasons FROM dispatch_intake ORDER BY number")).all()
        assert [row.verdict for row in rows] == ["wait", "return", "wait", "admit"]
        assert {row.reasons for row in rows} == {'["unclear_duty", "by_hand"]'}
        for table, role in (("registry_person", "technician"), ("registry_login", "grid_worker")):
            row = connection.execute(sa.text(f"SELECT role, active FROM {table}")).one()
            assert (row.role, bool(row.active)) == (role, False)
    assert _shape(engine) == before
    migrate(engine)
    assert differences(engine) == []
    engine.dispose()


def test_two_storms_that_one_facility_began_go_up_and_not_down(tmp_path: Path) -> None:
    """The key of a group is its own; going down is refused by name while the older key would be broken."""
    engine = open_database(f"sqlite:///{tmp_path / 'a.sqlite'}")
    _migrate_to(engine, "0030")
    before = _shape(engine)
    migrate(engine)
    case = tables.case
    plain = {
        column.name: "" if isinstance(column.type, sa.String) else 0
        for column in case.columns
        if not column.nullable and column.name != "number"
    }
    groups = ("storm/pump|cell|c-1", "storm/pump|community|1")
    with engine.begin() as connection:
        for group in groups:
            values = {"code": group, "opening_alarm": group, "gathers": group, "facility": 7, "family": "storm/pump"}
            connection.execute(sa.insert(case).values({**plain, **values, "open": True}))
    config = _config()

    def down() -> None:
        with engine.connect().execution_options(write_intent=True) as connection, connection.begin():
            config.attributes["connection"] = connection
            command.downgrade(config, "0030")

    with pytest.raises(ValueError, match=r"2 open cases \(storm/pump\|cell\|c-1, storm/pump\|community\|1\)"):
        down()
    assert differences(engine) == []
    with engine.begin() as connection:
        connection.execute(sa.update(case).where(case.c.gathers == groups[0]).values(open=False))
    down()
    assert _shape(engine) == before
    migrate(engine)
    assert differences(engine) == []
    engine.dispose()
