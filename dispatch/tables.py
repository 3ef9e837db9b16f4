"""Tables of dispatch: alarm journal, cases, tasks, their history, the notification outbox and the change feed.

Facilities, communities and people are registry numbers without a foreign key: the registry is another room. Three
things must never happen, whatever the code above does, so the database forbids them: two open cases of one facility and
rule family or of one group (partial unique indexes ``open_key``, ``open_storm``), two cases opened by one alarm
(``opening_alarm``; that of a storm begins with ``storm/``, since its first alarm may come to a case of its own), two
effects of one command (``dispatch_command``).
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_ALARM = sa.String(64)
_WORD = sa.String(40)
_RULE = sa.String(200)
_TEXT = sa.String(1000)

case = sa.Table(
    "dispatch_case",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("code", sa.String(20), nullable=False, unique=True),
    sa.Column("facility", sa.Integer, nullable=False, index=True),
    sa.Column("community", sa.Integer, nullable=False),
    sa.Column("family", _RULE, nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("state", _WORD, nullable=False),
    sa.Column("severity", sa.Integer, nullable=False),
    sa.Column("lead", _WORD, nullable=False),
    sa.Column("support", _WORD),
    sa.Column("rule_id", _RULE, nullable=False),
    sa.Column("say_zh", _TEXT, nullable=False),
    sa.Column("say_en", _TEXT, nullable=False),
    sa.Column("opening_alarm", _ALARM, nullable=False, unique=True),
    sa.Column("opened_ms", sa.BigInteger, nullable=False),
    sa.Column("changed_ms", sa.BigInteger, nullable=False),
    sa.Column("closed_ms", sa.BigInteger),
    sa.Column("due_ms", sa.BigInteger),
    sa.Column("due_clock", _WORD, nullable=False),
    sa.Column("due_what", _WORD, nullable=False),
    sa.Column("met_ms", sa.BigInteger),
    sa.Column("overdue", sa.Boolean, nullable=False),
    sa.Column("escalated", sa.Integer, nullable=False),
    sa.Column("handled_by", sa.Integer),
    sa.Column("suspensions", sa.Integer, nullable=False),
    sa.Column("suspended_ms", sa.BigInteger),
    sa.Column("suspended_due_ms", sa.BigInteger),
    sa.Column("suspended_until_ms", sa.BigInteger),
    sa.Column("ended_by", sa.String(64), nullable=False),
    sa.Column("note", _TEXT, nullable=False),
    sa.Column("drill", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("flagged", _WORD, nullable=False, server_default=sa.text("''")),
    sa.Column("gathers", sa.String(300), nullable=False, server_default=sa.text("''")),
    sa.Column("members", sa.Integer, nullable=False, server_default="0"),
    sa.Column("members_on", sa.Integer, nullable=False, server_default="0"),
    sa.Column("quiet_ms", sa.BigInteger),
    sa.Column("extensions", sa.Integer, nullable=False, server_default="0"),
    sa.Column("supervised", _WORD, nullable=False, server_default=sa.text("''")),
    sa.Column("excused", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("source", _WORD, nullable=False, server_default=sa.text("'alarm'")),
    sa.Column("reports", sa.Integer, nullable=False, server_default="0"),
    sa.Index(
        "open_key",
        "facility",
        "family",
        unique=True,
        sqlite_where=sa.text("open AND facility <> 0 AND gathers = ''"),
        postgresql_where=sa.text("open AND facility <> 0 AND gathers = ''"),
    ),
    sa.Index(
        "open_storm",
        "gathers",
        unique=True,
        sqlite_where=sa.text("open AND gathers <> ''"),
        postgresql_where=sa.text("open AND gathers <> ''"),
    ),
    sa.Index("ix_dispatch_case_open_community", "open", "community"),
    sa.Index("ix_dispatch_case_closed", "closed_ms"),
    sqlite_autoincrement=True,
)

"""``gathers``: of a storm, what its members have in common: family, kind of group and its code; ``members``,
``members_on``: facilities, and those with an alarm on; ``quiet_ms``: since when none has one. ``extensions``: granted;
``supervised``: level of the supervision that stands; ``excused``: an appeal of whoever handled it was upheld, which
leaves ``overdue`` as it was. ``source``: where it comes from (``core.intake``); ``reports``: so many people reported
it; of one without an alarm ``rule_id`` is empty and ``opening_alarm`` is ``report/`` and the number of the intake.
``facility`` 0: it is about none."""

alarm = sa.Table(
    "dispatch_alarm",
    metadata,
    sa.Column("alarm_id", _ALARM, primary_key=True),
    sa.Column("rule_id", _RULE, nullable=False),
    sa.Column("facility", sa.Integer, nullable=False),
    sa.Column("community", sa.Integer, nullable=False),
    sa.Column("severity", sa.Integer, nullable=False),
    sa.Column("kind", _WORD, nullable=False),
    sa.Column("state", _WORD, nullable=False),
    sa.Column("latching", sa.Boolean, nullable=False),
    sa.Column("say_zh", _TEXT, nullable=False),
    sa.Column("say_en", _TEXT, nullable=False),
    sa.Column("do", sa.Text, nullable=False),
    sa.Column("start_ms", sa.BigInteger, nullable=False),
    sa.Column("stop_ms", sa.BigInteger),
    sa.Column("since_ms", sa.BigInteger, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("late", sa.Boolean, nullable=False),
    sa.Column("retracted", sa.Boolean, nullable=False),
    sa.Column("merged_into", _ALARM, nullable=False),
    sa.Column("split_from", _ALARM, nullable=False),
    sa.Column("opened_ms", sa.BigInteger, nullable=False),
    sa.Column("shelved_until_ms", sa.BigInteger),
    sa.Column("shelve_reason", _TEXT, nullable=False),
    sa.Column("suppressed", sa.Boolean, nullable=False),
    sa.Column("out_of_service", sa.Boolean, nullable=False),
    sa.Column("case", sa.ForeignKey(case.c.number), index=True),
    sa.Column("steps", sa.Text, nullable=False, server_default="[]"),
    sa.Column("flaps", sa.Integer, nullable=False, server_default="0"),
    sa.Column("pieces", sa.Text, nullable=False, server_default="[]"),
    sa.Index("ix_dispatch_alarm_start", "start_ms", "alarm_id"),
    sa.Index("ix_dispatch_alarm_facility", "facility", "start_ms"),
    sa.Index("ix_dispatch_alarm_active", "active", "community"),
    sa.Index("ix_dispatch_alarm_stop", "stop_ms"),
    sa.Index("ix_dispatch_alarm_opened", "opened_ms"),
)
"""``active``: on now, neither retracted nor merged. ``do``: instructions as JSON pairs, frozen at opening and when the
severity changes. ``steps``: JSON pairs of moment and severity, for rules with levels; ``severity`` is then that of the
last step while it is on, the worst when it is over. ``flaps``: how often it opened, if it flaps; ``pieces``: JSON
pairs, when its condition truly held (``core.alarms.Interval``).
"""

alarm_history = sa.Table(
    "dispatch_alarm_history",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("alarm_id", sa.ForeignKey(alarm.c.alarm_id), nullable=False, index=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("change", _WORD),
    sa.Column("event", _WORD, nullable=False),
    sa.Column("state", _WORD, nullable=False),
    sa.Column("start_ms", sa.BigInteger, nullable=False),
    sa.Column("stop_ms", sa.BigInteger),
    sa.Column("since_ms", sa.BigInteger, nullable=False),
    sa.Column("note", _TEXT, nullable=False),
    sa.Column("from_state", _WORD, nullable=False, server_default=sa.text("''")),
    sa.Column("person", sa.Integer),
    sa.Column("until_ms", sa.BigInteger),
    sa.Column("silent", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("severity", sa.Integer),
    sa.Column("steps_digest", sa.String(16)),
    sqlite_autoincrement=True,
)
"""What happened to an alarm, by the rules (``change``) or by people and the clock (``event``): who, when, from where to
where, why; ``until_ms``: of a flag; ``silent``: a flag stood over it. ``severity``: shown after the step;
``steps_digest``: which steps the alarm had then, so that a repeated change is recognised; both are null in lines from
before there were levels. Only ever appended."""

fold = sa.Table(
    "dispatch_fold",
    metadata,
    sa.Column("alarm_id", sa.ForeignKey(alarm.c.alarm_id), primary_key=True),
    sa.Column("element", sa.String(300), nullable=False),
    sa.Column("folded_into", _ALARM, nullable=False, index=True),
    sa.Column("unseen", sa.Text, nullable=False),
    sa.Column("say_zh", _TEXT, nullable=False),
    sa.Column("say_en", _TEXT, nullable=False),
)
"""Which of several elements of its facility an alarm is of, the alarm that took it in, and what cannot be seen because
of it: numbers and facilities as JSON, and a sentence."""

evidence = sa.Table(
    "dispatch_evidence",
    metadata,
    sa.Column("alarm_id", sa.ForeignKey(alarm.c.alarm_id), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("point", sa.Integer, nullable=False),
    sa.Column("key", _WORD, nullable=False),
    sa.Column("name_zh", sa.String(200), nullable=False),
    sa.Column("name_en", sa.String(200), nullable=False),
    sa.Column("unit", _WORD, nullable=False),
    sa.Column("time_ms", sa.BigInteger, nullable=False),
    sa.Column("value", sa.Float),
    sa.Column("quality", sa.Integer, nullable=False),
    sa.Column("text", _TEXT, nullable=False),
)

task = sa.Table(
    "dispatch_task",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("case", sa.ForeignKey(case.c.number), nullable=False),
    sa.Column("kind", _WORD, nullable=False),
    sa.Column("state", _WORD, nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("grid", _WORD, nullable=False),
    sa.Column("owner", sa.Integer),
    sa.Column("cell", sa.String(64), nullable=False),
    sa.Column("community", sa.Integer, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("assigned_ms", sa.BigInteger, nullable=False),
    sa.Column("changed_ms", sa.BigInteger, nullable=False),
    sa.Column("not_before_ms", sa.BigInteger),
    sa.Column("wanted_ms", sa.BigInteger),
    sa.Column("due_ms", sa.BigInteger),
    sa.Column("due_clock", _WORD, nullable=False),
    sa.Column("due_what", _WORD, nullable=False),
    sa.Column("met_ms", sa.BigInteger),
    sa.Column("overdue", sa.Boolean, nullable=False),
    sa.Column("escalate_ms", sa.BigInteger, nullable=False),
    sa.Column("escalated", sa.Boolean, nullable=False),
    sa.Column("ready", sa.Boolean, nullable=False),
    sa.Column("routing", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("drill", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("case", "kind"),
    sa.Index("ix_dispatch_task_queue", "open", "owner"),
    sa.Column("offer_ms", sa.BigInteger),
    sa.Index("ix_dispatch_task_given", "owner", "assigned_ms"),
    sa.Index("ix_dispatch_task_offer", "offer_ms"),
    sa.Index("ix_dispatch_task_assigned", "assigned_ms"),
    sqlite_autoincrement=True,
)
"""``assigned_ms``: when it is announced to its owner; ``wanted_ms``: when it would be if they had room, from which its
limit runs; null in rows from before there was a difference."""

told = sa.Table(
    "dispatch_told",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("person", sa.Integer, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
)
"""Who was told of a task, and when, before it was given anew: the task's row says only the last time."""

stage = sa.Table(
    "dispatch_stage",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("case", sa.ForeignKey(case.c.number), nullable=False, index=True),
    sa.Column("task", sa.ForeignKey(task.c.number), nullable=False),
    sa.Column("stage", _WORD, nullable=False),
    sa.Column("amount", sa.Float, nullable=False),
    sa.Column("unit", _WORD, nullable=False),
    sa.Column("basis", _WORD, nullable=False),
    sa.Column("standard_zh", _TEXT, nullable=False),
    sa.Column("standard_en", _TEXT, nullable=False, server_default=sa.text("''")),
    sa.Column("total_ms", sa.BigInteger, nullable=False),
    sa.Column("started_ms", sa.BigInteger, nullable=False),
    sa.Column("warn_ms", sa.BigInteger, nullable=False),
    sa.Column("limit_ms", sa.BigInteger, nullable=False),
    sa.Column("paused_since_ms", sa.BigInteger),
    sa.Column("paused_ms", sa.BigInteger, nullable=False),
    sa.Column("ended_ms", sa.BigInteger),
    sa.Column("ended_by", _WORD, nullable=False),
    sa.Column("late", sa.Boolean, nullable=False),
    sa.Column("reached", _WORD, nullable=False),
    sa.Column("extended", sa.Integer, nullable=False),
    sa.Column("next_ms", sa.BigInteger, index=True),
    sa.Index(
        "running_stage",
        "case",
        "stage",
        unique=True,
        sqlite_where=sa.text("ended_ms IS NULL"),
        postgresql_where=sa.text("ended_ms IS NULL"),
    ),
    sqlite_autoincrement=True,
)
"""One run of a stage's clock (``dispatch.stageclocks``); ended ones stay, so the rows of a case are the history of its
stages. ``total_ms``: time of its clock, milliseconds; ``reached``: how far the escalation has gone; ``next_ms``: when
time must look at it again, null while it stands still or has ended."""

proceeding = sa.Table(
    "dispatch_proceeding",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("case", sa.ForeignKey(case.c.number), nullable=False, index=True),
    sa.Column("task", sa.ForeignKey(task.c.number), nullable=False),
    sa.Column("kind", _WORD, nullable=False),
    sa.Column("state", _WORD, nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("person", sa.Integer),
    sa.Column("reason", _TEXT, nullable=False),
    sa.Column("asked_ms", sa.BigInteger, nullable=False),
    sa.Column("wished_ms", sa.BigInteger),
    sa.Column("granted_ms", sa.BigInteger),
    sa.Column("level", _WORD, nullable=False),
    sa.Column("due_ms", sa.BigInteger, index=True),
    sa.Column("overdue", sa.Boolean, nullable=False),
    sa.Column("answer", _TEXT, nullable=False),
    sa.Column("endorsed_by", sa.String(64), nullable=False),
    sa.Column("decided_ms", sa.BigInteger),
    sa.Column("decided_by", sa.String(64), nullable=False),
    sa.Column("decider", sa.Integer),
    sa.Column("ruling", _TEXT, nullable=False),
    sa.Column("fact_due_ms", sa.BigInteger),
    sa.Column("fact_met_ms", sa.BigInteger),
    sa.Column("fact_overdue", sa.Boolean, nullable=False),
    sa.Column("fact_rejections", sa.Integer, nullable=False),
    sa.Index(
        "open_proceeding",
        "task",
        "kind",
        unique=True,
        sqlite_where=sa.text("open"),
        postgresql_where=sa.text("open"),
    ),
    sqlite_autoincrement=True,
)
"""Extensions, supervisions and appeals (``dispatch.proceedings``). ``due_ms``: by when a supervision must be answered,
null once it is. ``fact_*``: what an appeal is against, as it was when it was made; nothing changes them."""

offer = sa.Table(
    "dispatch_offer",
    metadata,
    sa.Column("person", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("task", sa.ForeignKey(task.c.number), primary_key=True, index=True),
)
"""To whom a task is offered, its owner included, while ``offer_ms`` of it is set."""

history = sa.Table(
    "dispatch_history",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("case", sa.ForeignKey(case.c.number), nullable=False, index=True),
    sa.Column("task", sa.ForeignKey(task.c.number)),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("person", sa.Integer),
    sa.Column("action", _WORD, nullable=False),
    sa.Column("from_state", _WORD, nullable=False),
    sa.Column("to_state", _WORD, nullable=False),
    sa.Column("note", _TEXT, nullable=False),
    sqlite_autoincrement=True,
)
"""Who did what when and why; only ever appended."""

command = sa.Table(
    "dispatch_command",
    metadata,
    sa.Column("actor", sa.String(64), primary_key=True),
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("task", sa.ForeignKey(task.c.number), nullable=False),
    sa.Column("action", _WORD, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
)
"""Idempotency keys that were used."""

flag = sa.Table(
    "dispatch_flag",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("kind", _WORD, nullable=False),
    sa.Column("state", _WORD, nullable=False),
    sa.Column("community", sa.Integer, nullable=False),
    sa.Column("facility", sa.Integer, nullable=False),
    sa.Column("rule_id", _RULE, nullable=False),
    sa.Column("alarm_id", _ALARM, nullable=False),
    sa.Column("cause", _WORD, nullable=False),
    sa.Column("ref", sa.String(200), nullable=False),
    sa.Column("severity", sa.Integer, nullable=False),
    sa.Column("reason", _TEXT, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("person", sa.Integer),
    sa.Column("set_ms", sa.BigInteger, nullable=False),
    sa.Column("until_ms", sa.BigInteger),
    sa.Column("due_ms", sa.BigInteger),
    sa.Column("ended_ms", sa.BigInteger),
    sa.Index(
        "flag_key",
        *("kind", "facility", "rule_id", "alarm_id", "cause", "ref"),
        unique=True,
        sqlite_where=sa.text("ended_ms IS NULL"),
        postgresql_where=sa.text("ended_ms IS NULL"),
    ),
    sa.Index("ix_dispatch_flag_facility", "facility", "ended_ms"),
    sa.Index("ix_dispatch_flag_due", "due_ms"),
    sqlite_autoincrement=True,
)
"""What keeps alarms silent, and what did. ``rule_id`` empty: every rule of the facility; ``alarm_id`` empty: every
alarm of the rule. ``severity``: of the alarm it was shelved for; what is worse is not kept silent. ``due_ms``: when the
clock must look at it: its end, or the next reminder."""

flag_history = sa.Table(
    "dispatch_flag_history",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("flag", sa.ForeignKey(flag.c.number), nullable=False, index=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False),
    sa.Column("person", sa.Integer),
    sa.Column("event", _WORD, nullable=False),
    sa.Column("from_state", _WORD, nullable=False),
    sa.Column("to_state", _WORD, nullable=False),
    sa.Column("until_ms", sa.BigInteger),
    sa.Column("note", _TEXT, nullable=False),
    sqlite_autoincrement=True,
)
"""Who raised, moved and lowered a flag, when and why; only ever appended."""

record = sa.Table(
    "dispatch_record",
    metadata,
    sa.Column("alarm_id", sa.ForeignKey(alarm.c.alarm_id), primary_key=True),
    sa.Column("occasion", _WORD, primary_key=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("made_ms", sa.BigInteger, nullable=False),
    sa.Column("from_ms", sa.BigInteger, nullable=False),
    sa.Column("to_ms", sa.BigInteger, nullable=False),
    sa.Column("context", sa.Text, nullable=False),
    sa.Column("samples", sa.LargeBinary),
    sa.Column("due_ms", sa.BigInteger, index=True),
    sa.Column("frozen_ms", sa.BigInteger),
)
"""Frozen evidence of an alarm, taken when it opened and when its case did. ``context``: the rule, place and calendar
then (``core.evidence``); ``samples``: the readings around ``at_ms``; ``due_ms``: when samples are to be taken (again),
null once they are frozen."""

outbox = sa.Table(
    "dispatch_outbox",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", sa.String(200), nullable=False, unique=True),
    sa.Column("channel", _WORD, nullable=False),
    sa.Column("person", sa.Integer, nullable=False),
    sa.Column("kind", _WORD, nullable=False),
    sa.Column("ref", sa.String(64), nullable=False),
    sa.Column("title_zh", _TEXT, nullable=False),
    sa.Column("title_en", _TEXT, nullable=False),
    sa.Column("body_zh", _TEXT, nullable=False),
    sa.Column("body_en", _TEXT, nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("next_ms", sa.BigInteger),
    sa.Column("sent_ms", sa.BigInteger),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("error", _TEXT, nullable=False),
    sa.Column("severity", sa.Integer, nullable=False, server_default="2"),
    sa.Column("state", _WORD, nullable=False, server_default=sa.text("'waiting'")),
    sa.Column("via", sa.String(64), nullable=False, server_default=sa.text("''")),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("unsure", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("alone", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("refused", sa.String(500), nullable=False, server_default=sa.text("''")),
    sa.Column("done_ms", sa.BigInteger),
    sa.Index("ix_dispatch_outbox_next", "next_ms"),
    sa.Index("ix_dispatch_outbox_state", "state", "done_ms"),
    sa.Index("ix_dispatch_outbox_ref", "ref"),
    sqlite_autoincrement=True,
)
"""``channel`` is the way (``app``, ``sms``, ``phone``), ``via`` the configured channel that it waits for or went by.
``next_ms`` null: nothing to do any more, or withdrawn while it was being sent. ``tries``: failed attempts at ``via``;
``unsure``: one may have arrived; ``alone``: never in a digest again; ``refused``: channels that never take it, as
words; ``done_ms``: when it was sent, covered or given up, or was begun anew after that."""

feed = sa.Table(
    "dispatch_feed",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("kind", _WORD, nullable=False),
    sa.Column("ref", sa.String(64), nullable=False),
    sa.Column("community", sa.Integer, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
    sa.Column("severity", sa.Integer, nullable=False),
    sa.Column("what", _WORD, nullable=False),
    sa.Column("facility", sa.Integer, nullable=False),
    sa.Column("owner", sa.Integer),
)

feed_head = sa.Table(
    "dispatch_feed_head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("last", sa.BigInteger, nullable=False),
)
"""One row: the last id of the feed, which survives pruning."""
