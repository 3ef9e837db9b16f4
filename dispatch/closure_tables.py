"""Tables of how cases end: reports of handling with their cost, observations by the sensor, merged cases."""

from __future__ import annotations

import sqlalchemy as sa

from dispatch.tables import alarm, case, metadata, task

_ALARM = sa.String(64)
_WORD = sa.String(40)
_TEXT = sa.String(1000)

report = sa.Table(
    "dispatch_report",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("case", sa.ForeignKey(case.c.number), nullable=False, index=True),
    sa.Column("task", sa.ForeignKey(task.c.number), nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("person", sa.Integer),
    sa.Column("outcome", _WORD, nullable=False),
    sa.Column("cause", _WORD, nullable=False),
    sa.Column("cause_text", _TEXT, nullable=False),
    sa.Column("labour_min", sa.Integer, nullable=False),
    sa.Column("contractor_fen", sa.BigInteger, nullable=False),
    sa.Column("parts_fen", sa.BigInteger, nullable=False),
    sa.Column("no_photo", _TEXT, nullable=False, server_default=sa.text("''")),
    sqlite_autoincrement=True,
)
"""One row for each time a case was handled; none goes. What was found is what the newest row of a case says, what it
cost is the sum of all. ``cause`` is empty unless the alarm was false; ``no_photo``: why there is no photo after the
repair, if none could be taken. What is corrected changes the row and stands in ``report_change``."""

report_change = sa.Table(
    "dispatch_report_change",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("report", sa.ForeignKey(report.c.number), nullable=False, index=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("person", sa.Integer),
    sa.Column("field", sa.String(240), nullable=False),
    sa.Column("before", _TEXT, nullable=False),
    sa.Column("after", _TEXT, nullable=False),
    sa.Column("reason", _TEXT, nullable=False),
    sqlite_autoincrement=True,
)
"""Who corrected which field of a report when, from what to what and why; only ever appended. Fields and texts are those
of ``dispatch.correction``; an empty one was, or is, not filled."""

part = sa.Table(
    "dispatch_part",
    metadata,
    sa.Column("report", sa.ForeignKey(report.c.number), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("quantity", sa.Float, nullable=False),
    sa.Column("price_fen", sa.BigInteger, nullable=False),
)

task_photo = sa.Table(
    "dispatch_task_photo",
    metadata,
    sa.Column("task", sa.ForeignKey(task.c.number), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("case", sa.ForeignKey(case.c.number), nullable=False, index=True),
    sa.Column("kind", _WORD, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("key", sa.String(64), nullable=False),
    sa.Column("person", sa.Integer),
    sa.Column("sha256", sa.String(64), nullable=False, index=True),
    sa.Column("media_type", _WORD, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("actor", "key"),
)
"""Photos of tasks; only ever appended. As those of reports they lie by the hash of their cleaned bytes. ``actor`` and
``key``: sent once more, answered as before; ``at_ms``: when it arrived."""

watch = sa.Table(
    "dispatch_watch",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("case", sa.ForeignKey(case.c.number), nullable=False, index=True),
    sa.Column("state", _WORD, nullable=False),
    sa.Column("since_ms", sa.BigInteger, nullable=False),
    sa.Column("window_ms", sa.BigInteger, nullable=False),
    sa.Column("from_ms", sa.BigInteger),
    sa.Column("seen_ms", sa.BigInteger, nullable=False),
    sa.Column("until_ms", sa.BigInteger),
    sa.Column("look_ms", sa.BigInteger, index=True),
    sa.Column("ended_ms", sa.BigInteger),
    sa.Column("moment_ms", sa.BigInteger),
    sa.Column("alarm_id", _ALARM, nullable=False),
    sa.Index(
        "open_watch",
        "case",
        unique=True,
        sqlite_where=sa.text("ended_ms IS NULL"),
        postgresql_where=sa.text("ended_ms IS NULL"),
    ),
    sqlite_autoincrement=True,
)
"""Observations after a repair. ``look_ms``: when the readings are looked at again, null once it has ended;
``until_ms``: when the window ends as things stand; ``moment_ms``, ``alarm_id``: what decided."""

merge = sa.Table(
    "dispatch_merge",
    metadata,
    sa.Column("case", sa.ForeignKey(case.c.number), primary_key=True),
    sa.Column("into", sa.ForeignKey(case.c.number), nullable=False, index=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("person", sa.Integer),
    sa.Column("reason", _TEXT, nullable=False),
)
"""Which case is part of which now, by whom and why. A merging that is taken back goes to ``unmerge``."""

merge_alarm = sa.Table(
    "dispatch_merge_alarm",
    metadata,
    sa.Column("case", sa.ForeignKey(merge.c.case), primary_key=True),
    sa.Column("alarm_id", sa.ForeignKey(alarm.c.alarm_id), primary_key=True),
)
"""The alarms that a case brought with it, so that it can take them out again."""

unmerge = sa.Table(
    "dispatch_unmerge",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("case", sa.ForeignKey(case.c.number), nullable=False, index=True),
    sa.Column("into", sa.ForeignKey(case.c.number), nullable=False),
    sa.Column("merged_ms", sa.BigInteger, nullable=False),
    sa.Column("merged_by", sa.String(64), nullable=False),
    sa.Column("merged_why", _TEXT, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("person", sa.Integer),
    sa.Column("reason", _TEXT, nullable=False),
    sqlite_autoincrement=True,
)
"""Mergings that were taken back: both sides of each; only ever appended."""

lasting = sa.Table(
    "dispatch_lasting",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("facility", sa.Integer, nullable=False),
    sa.Column("family", sa.String(160), nullable=False),
    sa.Column("accepted", sa.Boolean, nullable=False),
    sa.Column("counted", sa.Integer, nullable=False),
    sa.Column("newest", sa.Integer, nullable=False),
    sa.Column("case", sa.ForeignKey(case.c.number)),
    sa.Column("project", sa.Integer),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("person", sa.Integer),
    sa.Column("reason", _TEXT, nullable=False),
    sa.Index("ix_dispatch_lasting_key", "facility", "family"),
    sqlite_autoincrement=True,
)
"""What was decided about a fault that came again; only ever appended. ``counted`` cases were known, the ``newest`` by
number: only later ones ask again. ``case`` or ``project``: where the renewal is done, if it was accepted."""
