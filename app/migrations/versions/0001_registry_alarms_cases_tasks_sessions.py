"""Registry, alarms, cases, tasks, sessions: the tables of all rooms from the first day.

Revision 0001, the first.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "registry_audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("ref", sa.String(length=200), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_audit")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("registry_audit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_audit_at_ms"), ["at_ms"], unique=False)

    op.create_table(
        "registry_counter",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_registry_counter")),
    )
    op.create_table(
        "registry_node_status",
        sa.Column("group_id", sa.String(length=255), nullable=False),
        sa.Column("node_id", sa.String(length=255), nullable=False),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("put_ms", sa.BigInteger(), nullable=False),
        sa.Column("readings", sa.BigInteger(), nullable=False),
        sa.Column("health", sa.Text(), nullable=False),
        sa.Column("devices", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("group_id", "node_id", name=op.f("pk_registry_node_status")),
    )
    op.create_table(
        "registry_person",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("everywhere", sa.Boolean(), nullable=False),
        sa.Column("supervisor", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_registry_person")),
        sa.UniqueConstraint("code", name=op.f("uq_registry_person_code")),
    )
    op.create_table(
        "registry_street",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_registry_street")),
    )
    op.create_table(
        "registry_community",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("street", sa.String(length=64), nullable=False),
        sa.Column("valid_from", sa.String(length=10), nullable=False),
        sa.Column("valid_to", sa.String(length=10), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["street"], ["registry_street.code"], name=op.f("fk_registry_community_street")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_registry_community")),
        sa.UniqueConstraint("code", name=op.f("uq_registry_community_code")),
    )
    op.create_table(
        "registry_login",
        sa.Column("folded", sa.String(length=64), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("password_hash", sa.String(length=300), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("everywhere", sa.Boolean(), nullable=False),
        sa.Column("person", sa.Integer(), nullable=True),
        sa.Column("one_time", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["registry_person.number"], name=op.f("fk_registry_login_person")),
        sa.PrimaryKeyConstraint("folded", name=op.f("pk_registry_login")),
    )
    op.create_table(
        "registry_person_cell",
        sa.Column("person", sa.Integer(), nullable=False),
        sa.Column("cell", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["registry_person.number"], name=op.f("fk_registry_person_cell_person")),
        sa.PrimaryKeyConstraint("person", "cell", name=op.f("pk_registry_person_cell")),
    )
    op.create_table(
        "registry_person_skill",
        sa.Column("person", sa.Integer(), nullable=False),
        sa.Column("skill", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["registry_person.number"], name=op.f("fk_registry_person_skill_person")),
        sa.PrimaryKeyConstraint("person", "skill", name=op.f("pk_registry_person_skill")),
    )
    op.create_table(
        "registry_shift",
        sa.Column("person", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("from_minute", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("to_minute", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["registry_person.number"], name=op.f("fk_registry_shift_person")),
        sa.PrimaryKeyConstraint("person", "weekday", "from_minute", name=op.f("pk_registry_shift")),
    )
    op.create_table(
        "registry_cell",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("valid_from", sa.String(length=10), nullable=False),
        sa.Column("valid_to", sa.String(length=10), nullable=False),
        sa.Column("grid", sa.String(length=20), nullable=False),
        sa.Column("community", sa.Integer(), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("polygon", sa.Text(), nullable=False),
        sa.Column("neighbours", sa.Text(), nullable=False),
        sa.CheckConstraint("grid IN ('governance', 'construction')", name=op.f("ck_registry_cell_grid")),
        sa.ForeignKeyConstraint(["community"], ["registry_community.number"], name=op.f("fk_registry_cell_community")),
        sa.PrimaryKeyConstraint("code", "valid_from", name=op.f("pk_registry_cell")),
    )
    with op.batch_alter_table("registry_cell", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_cell_community"), ["community"], unique=False)

    op.create_table(
        "registry_facility",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("class_id", sa.String(length=64), nullable=False),
        sa.Column("community", sa.Integer(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.Column("cell_governance", sa.String(length=64), nullable=False),
        sa.Column("cell_construction", sa.String(length=64), nullable=False),
        sa.Column("address_zh", sa.String(length=200), nullable=False),
        sa.Column("address_en", sa.String(length=200), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("provenance", sa.String(length=20), nullable=False),
        sa.Column("provenance_note_zh", sa.String(length=1000), nullable=False),
        sa.Column("provenance_note_en", sa.String(length=1000), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community"], ["registry_community.number"], name=op.f("fk_registry_facility_community")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_registry_facility")),
        sa.UniqueConstraint("code", name=op.f("uq_registry_facility_code")),
    )
    with op.batch_alter_table("registry_facility", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_facility_cell_construction"), ["cell_construction"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_facility_cell_governance"), ["cell_governance"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_facility_class_id"), ["class_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_registry_facility_community"), ["community"], unique=False)

    op.create_table(
        "registry_login_community",
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("community", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community"], ["registry_community.number"], name=op.f("fk_registry_login_community_community")
        ),
        sa.ForeignKeyConstraint(["login"], ["registry_login.folded"], name=op.f("fk_registry_login_community_login")),
        sa.PrimaryKeyConstraint("login", "community", name=op.f("pk_registry_login_community")),
    )
    op.create_table(
        "registry_person_community",
        sa.Column("person", sa.Integer(), nullable=False),
        sa.Column("community", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community"], ["registry_community.number"], name=op.f("fk_registry_person_community_community")
        ),
        sa.ForeignKeyConstraint(
            ["person"], ["registry_person.number"], name=op.f("fk_registry_person_community_person")
        ),
        sa.PrimaryKeyConstraint("person", "community", name=op.f("pk_registry_person_community")),
    )
    op.create_table(
        "registry_gateway",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("group_id", sa.String(length=64), nullable=False),
        sa.Column("node_id", sa.String(length=64), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("community", sa.Integer(), nullable=False),
        sa.Column("facility", sa.Integer(), nullable=True),
        sa.Column("enrolled_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["community"], ["registry_community.number"], name=op.f("fk_registry_gateway_community")
        ),
        sa.ForeignKeyConstraint(["facility"], ["registry_facility.number"], name=op.f("fk_registry_gateway_facility")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_registry_gateway")),
        sa.UniqueConstraint("group_id", "node_id", name=op.f("uq_registry_gateway_group_id_node_id")),
    )
    op.create_table(
        "registry_point",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("facility", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("gateway", sa.Integer(), nullable=True),
        sa.Column("interval_s", sa.Float(), nullable=True),
        sa.Column("stale_after_s", sa.Float(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["facility"], ["registry_facility.number"], name=op.f("fk_registry_point_facility")),
        sa.ForeignKeyConstraint(["gateway"], ["registry_gateway.number"], name=op.f("fk_registry_point_gateway")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_registry_point")),
        sa.UniqueConstraint("facility", "key", name=op.f("uq_registry_point_facility_key")),
    )
    with op.batch_alter_table("registry_point", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_registry_point_gateway"), ["gateway"], unique=False)

    op.create_table(
        "dispatch_case",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("facility", sa.Integer(), nullable=False),
        sa.Column("community", sa.Integer(), nullable=False),
        sa.Column("family", sa.String(length=200), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("lead", sa.String(length=40), nullable=False),
        sa.Column("support", sa.String(length=40), nullable=True),
        sa.Column("rule_id", sa.String(length=200), nullable=False),
        sa.Column("say_zh", sa.String(length=1000), nullable=False),
        sa.Column("say_en", sa.String(length=1000), nullable=False),
        sa.Column("opening_alarm", sa.String(length=64), nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.Column("closed_ms", sa.BigInteger(), nullable=True),
        sa.Column("due_ms", sa.BigInteger(), nullable=True),
        sa.Column("due_clock", sa.String(length=40), nullable=False),
        sa.Column("due_what", sa.String(length=40), nullable=False),
        sa.Column("met_ms", sa.BigInteger(), nullable=True),
        sa.Column("overdue", sa.Boolean(), nullable=False),
        sa.Column("escalated", sa.Integer(), nullable=False),
        sa.Column("handled_by", sa.Integer(), nullable=True),
        sa.Column("suspensions", sa.Integer(), nullable=False),
        sa.Column("suspended_ms", sa.BigInteger(), nullable=True),
        sa.Column("suspended_due_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_dispatch_case")),
        sa.UniqueConstraint("code", name=op.f("uq_dispatch_case_code")),
        sa.UniqueConstraint("opening_alarm", name=op.f("uq_dispatch_case_opening_alarm")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("dispatch_case", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dispatch_case_facility"), ["facility"], unique=False)
        batch_op.create_index("ix_dispatch_case_open_community", ["open", "community"], unique=False)
        batch_op.create_index(
            "open_key",
            ["facility", "family"],
            unique=True,
            sqlite_where=sa.text("open"),
            postgresql_where=sa.text("open"),
        )

    op.create_table(
        "dispatch_feed",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.Column("community", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(length=40), nullable=False),
        sa.Column("facility", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch_feed")),
    )
    with op.batch_alter_table("dispatch_feed", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dispatch_feed_at_ms"), ["at_ms"], unique=False)

    op.create_table(
        "dispatch_feed_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch_feed_head")),
    )
    op.create_table(
        "dispatch_outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.Column("person", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.Column("title_zh", sa.String(length=1000), nullable=False),
        sa.Column("title_en", sa.String(length=1000), nullable=False),
        sa.Column("body_zh", sa.String(length=1000), nullable=False),
        sa.Column("body_en", sa.String(length=1000), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("next_ms", sa.BigInteger(), nullable=True),
        sa.Column("sent_ms", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(length=1000), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_dispatch_outbox_key")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("dispatch_outbox", schema=None) as batch_op:
        batch_op.create_index("ix_dispatch_outbox_next", ["next_ms"], unique=False)
        batch_op.create_index("ix_dispatch_outbox_ref", ["ref"], unique=False)

    op.create_table(
        "dispatch_shelf",
        sa.Column("rule_id", sa.String(length=200), nullable=False),
        sa.Column("facility", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("rule_id", "facility", name=op.f("pk_dispatch_shelf")),
    )
    with op.batch_alter_table("dispatch_shelf", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dispatch_shelf_until_ms"), ["until_ms"], unique=False)

    op.create_table(
        "dispatch_alarm",
        sa.Column("alarm_id", sa.String(length=64), nullable=False),
        sa.Column("rule_id", sa.String(length=200), nullable=False),
        sa.Column("facility", sa.Integer(), nullable=False),
        sa.Column("community", sa.Integer(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("latching", sa.Boolean(), nullable=False),
        sa.Column("say_zh", sa.String(length=1000), nullable=False),
        sa.Column("say_en", sa.String(length=1000), nullable=False),
        sa.Column("do", sa.Text(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("stop_ms", sa.BigInteger(), nullable=True),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("retracted", sa.Boolean(), nullable=False),
        sa.Column("merged_into", sa.String(length=64), nullable=False),
        sa.Column("split_from", sa.String(length=64), nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.Column("shelved_until_ms", sa.BigInteger(), nullable=True),
        sa.Column("shelve_reason", sa.String(length=1000), nullable=False),
        sa.Column("suppressed", sa.Boolean(), nullable=False),
        sa.Column("out_of_service", sa.Boolean(), nullable=False),
        sa.Column("case", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["case"], ["dispatch_case.number"], name=op.f("fk_dispatch_alarm_case")),
        sa.PrimaryKeyConstraint("alarm_id", name=op.f("pk_dispatch_alarm")),
    )
    with op.batch_alter_table("dispatch_alarm", schema=None) as batch_op:
        batch_op.create_index("ix_dispatch_alarm_active", ["active", "community"], unique=False)
        batch_op.create_index(batch_op.f("ix_dispatch_alarm_case"), ["case"], unique=False)
        batch_op.create_index("ix_dispatch_alarm_facility", ["facility", "start_ms"], unique=False)
        batch_op.create_index("ix_dispatch_alarm_start", ["start_ms", "alarm_id"], unique=False)
        batch_op.create_index("ix_dispatch_alarm_stop", ["stop_ms"], unique=False)

    op.create_table(
        "dispatch_task",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("case", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("grid", sa.String(length=40), nullable=False),
        sa.Column("owner", sa.Integer(), nullable=True),
        sa.Column("cell", sa.String(length=64), nullable=False),
        sa.Column("community", sa.Integer(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("assigned_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.Column("not_before_ms", sa.BigInteger(), nullable=True),
        sa.Column("due_ms", sa.BigInteger(), nullable=True),
        sa.Column("due_clock", sa.String(length=40), nullable=False),
        sa.Column("due_what", sa.String(length=40), nullable=False),
        sa.Column("met_ms", sa.BigInteger(), nullable=True),
        sa.Column("overdue", sa.Boolean(), nullable=False),
        sa.Column("escalate_ms", sa.BigInteger(), nullable=False),
        sa.Column("escalated", sa.Boolean(), nullable=False),
        sa.Column("ready", sa.Boolean(), nullable=False),
        sa.Column("routing", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["dispatch_case.number"], name=op.f("fk_dispatch_task_case")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_dispatch_task")),
        sa.UniqueConstraint("case", "kind", name=op.f("uq_dispatch_task_case_kind")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("dispatch_task", schema=None) as batch_op:
        batch_op.create_index("ix_dispatch_task_given", ["owner", "assigned_ms"], unique=False)
        batch_op.create_index("ix_dispatch_task_queue", ["open", "owner"], unique=False)

    op.create_table(
        "dispatch_alarm_history",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alarm_id", sa.String(length=64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("change", sa.String(length=40), nullable=True),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("stop_ms", sa.BigInteger(), nullable=True),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(
            ["alarm_id"], ["dispatch_alarm.alarm_id"], name=op.f("fk_dispatch_alarm_history_alarm_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch_alarm_history")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("dispatch_alarm_history", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dispatch_alarm_history_alarm_id"), ["alarm_id"], unique=False)

    op.create_table(
        "dispatch_command",
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("task", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["task"], ["dispatch_task.number"], name=op.f("fk_dispatch_command_task")),
        sa.PrimaryKeyConstraint("actor", "key", name=op.f("pk_dispatch_command")),
    )
    with op.batch_alter_table("dispatch_command", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dispatch_command_at_ms"), ["at_ms"], unique=False)

    op.create_table(
        "dispatch_evidence",
        sa.Column("alarm_id", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("point", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=False),
        sa.Column("time_ms", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("quality", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(["alarm_id"], ["dispatch_alarm.alarm_id"], name=op.f("fk_dispatch_evidence_alarm_id")),
        sa.PrimaryKeyConstraint("alarm_id", "position", name=op.f("pk_dispatch_evidence")),
    )
    op.create_table(
        "dispatch_history",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case", sa.Integer(), nullable=False),
        sa.Column("task", sa.Integer(), nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("person", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("from_state", sa.String(length=40), nullable=False),
        sa.Column("to_state", sa.String(length=40), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["dispatch_case.number"], name=op.f("fk_dispatch_history_case")),
        sa.ForeignKeyConstraint(["task"], ["dispatch_task.number"], name=op.f("fk_dispatch_history_task")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch_history")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("dispatch_history", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dispatch_history_case"), ["case"], unique=False)

    op.create_table(
        "api_session",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_api_session")),
    )
    with op.batch_alter_table("api_session", schema=None) as batch_op:
        batch_op.create_index("ix_api_session_created_ms", ["created_ms"], unique=False)
        batch_op.create_index("ix_api_session_username_address", ["username", "address"], unique=False)

    op.create_table(
        "api_setup_code",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code_sha256", sa.String(length=64), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_api_setup_code_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_setup_code")),
    )
    op.create_table(
        "api_throttle",
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("key_sha256", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("blocked_until_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key_sha256", name=op.f("pk_api_throttle")),
    )
    with op.batch_alter_table("api_throttle", schema=None) as batch_op:
        batch_op.create_index("ix_api_throttle_since_ms", ["since_ms"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("api_throttle", schema=None) as batch_op:
        batch_op.drop_index("ix_api_throttle_since_ms")

    op.drop_table("api_throttle")
    op.drop_table("api_setup_code")
    with op.batch_alter_table("api_session", schema=None) as batch_op:
        batch_op.drop_index("ix_api_session_username_address")
        batch_op.drop_index("ix_api_session_created_ms")

    op.drop_table("api_session")
    with op.batch_alter_table("dispatch_history", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dispatch_history_case"))

    op.drop_table("dispatch_history")
    op.drop_table("dispatch_evidence")
    with op.batch_alter_table("dispatch_command", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dispatch_command_at_ms"))

    op.drop_table("dispatch_command")
    with op.batch_alter_table("dispatch_alarm_history", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dispatch_alarm_history_alarm_id"))

    op.drop_table("dispatch_alarm_history")
    with op.batch_alter_table("dispatch_task", schema=None) as batch_op:
        batch_op.drop_index("ix_dispatch_task_queue")
        batch_op.drop_index("ix_dispatch_task_given")

    op.drop_table("dispatch_task")
    with op.batch_alter_table("dispatch_alarm", schema=None) as batch_op:
        batch_op.drop_index("ix_dispatch_alarm_stop")
        batch_op.drop_index("ix_dispatch_alarm_start")
        batch_op.drop_index("ix_dispatch_alarm_facility")
        batch_op.drop_index(batch_op.f("ix_dispatch_alarm_case"))
        batch_op.drop_index("ix_dispatch_alarm_active")

    op.drop_table("dispatch_alarm")
    with op.batch_alter_table("dispatch_shelf", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dispatch_shelf_until_ms"))

    op.drop_table("dispatch_shelf")
    with op.batch_alter_table("dispatch_outbox", schema=None) as batch_op:
        batch_op.drop_index("ix_dispatch_outbox_ref")
        batch_op.drop_index("ix_dispatch_outbox_next")

    op.drop_table("dispatch_outbox")
    op.drop_table("dispatch_feed_head")
    with op.batch_alter_table("dispatch_feed", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dispatch_feed_at_ms"))

    op.drop_table("dispatch_feed")
    with op.batch_alter_table("dispatch_case", schema=None) as batch_op:
        batch_op.drop_index("open_key", sqlite_where=sa.text("open"), postgresql_where=sa.text("open"))
        batch_op.drop_index("ix_dispatch_case_open_community")
        batch_op.drop_index(batch_op.f("ix_dispatch_case_facility"))

    op.drop_table("dispatch_case")
    with op.batch_alter_table("registry_point", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_registry_point_gateway"))

    op.drop_table("registry_point")
    op.drop_table("registry_gateway")
    op.drop_table("registry_person_community")
    op.drop_table("registry_login_community")
    with op.batch_alter_table("registry_facility", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_registry_facility_community"))
        batch_op.drop_index(batch_op.f("ix_registry_facility_class_id"))
        batch_op.drop_index(batch_op.f("ix_registry_facility_cell_governance"))
        batch_op.drop_index(batch_op.f("ix_registry_facility_cell_construction"))

    op.drop_table("registry_facility")
    with op.batch_alter_table("registry_cell", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_registry_cell_community"))

    op.drop_table("registry_cell")
    op.drop_table("registry_shift")
    op.drop_table("registry_person_skill")
    op.drop_table("registry_person_cell")
    op.drop_table("registry_login")
    op.drop_table("registry_community")
    op.drop_table("registry_street")
    op.drop_table("registry_person")
    op.drop_table("registry_node_status")
    op.drop_table("registry_counter")
    with op.batch_alter_table("registry_audit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_registry_audit_at_ms"))

    op.drop_table("registry_audit")
