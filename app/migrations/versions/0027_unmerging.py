"""Mergings that can be taken back, decisions about faults that come again, the words of the standard in two languages.

Revision 0027.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0027"
down_revision: str | None = "0020"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    _words_apart()
    op.create_table(
        "dispatch_merge_alarm",
        sa.Column("case", sa.Integer(), nullable=False),
        sa.Column("alarm_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["dispatch_merge.case"], name=op.f("fk_dispatch_merge_alarm_case")),
        sa.ForeignKeyConstraint(
            ["alarm_id"], ["dispatch_alarm.alarm_id"], name=op.f("fk_dispatch_merge_alarm_alarm_id")
        ),
        sa.PrimaryKeyConstraint("case", "alarm_id", name=op.f("pk_dispatch_merge_alarm")),
    )
    op.create_table(
        "dispatch_unmerge",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("case", sa.Integer(), nullable=False),
        sa.Column("into", sa.Integer(), nullable=False),
        sa.Column("merged_ms", sa.BigInteger(), nullable=False),
        sa.Column("merged_by", sa.String(length=64), nullable=False),
        sa.Column("merged_why", sa.String(length=1000), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("person", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["dispatch_case.number"], name=op.f("fk_dispatch_unmerge_case")),
        sa.ForeignKeyConstraint(["into"], ["dispatch_case.number"], name=op.f("fk_dispatch_unmerge_into")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_dispatch_unmerge")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_dispatch_unmerge_case"), "dispatch_unmerge", ["case"], unique=False)
    op.create_table(
        "dispatch_lasting",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("facility", sa.Integer(), nullable=False),
        sa.Column("family", sa.String(length=160), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("newest", sa.Integer(), nullable=False),
        sa.Column("case", sa.Integer(), nullable=True),
        sa.Column("project", sa.Integer(), nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("person", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["dispatch_case.number"], name=op.f("fk_dispatch_lasting_case")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_dispatch_lasting")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_dispatch_lasting_key", "dispatch_lasting", ["facility", "family"], unique=False)


def _words_apart() -> None:
    """What stood in one field, Chinese and English apart by a newline, stands in two."""
    op.execute(sa.text("ALTER TABLE dispatch_stage RENAME COLUMN standard TO standard_zh"))
    english = sa.Column("standard_en", sa.String(length=1000), server_default=sa.text("''"), nullable=False)
    op.add_column("dispatch_stage", english)
    stage = sa.table("dispatch_stage", sa.column("standard_zh"), sa.column("standard_en"))
    rows = sa.select(stage.c.standard_zh).where(stage.c.standard_zh != "").distinct()
    for packed in op.get_bind().execute(rows).scalars().all():  # one for each row of the table of limits
        chinese, _, rest = packed.partition("\n")
        mine = sa.update(stage).where(stage.c.standard_zh == packed)
        op.execute(mine.values(standard_zh=chinese, standard_en=rest))


def downgrade() -> None:
    op.drop_table("dispatch_lasting")
    op.drop_table("dispatch_unmerge")
    op.drop_table("dispatch_merge_alarm")
    stage = sa.table("dispatch_stage", sa.column("standard_zh", sa.String()), sa.column("standard_en", sa.String()))
    newline = sa.func.chr(10) if op.get_bind().dialect.name == "postgresql" else sa.func.char(10)
    packed = stage.c.standard_zh.concat(newline).concat(stage.c.standard_en)
    op.execute(sa.update(stage).where(stage.c.standard_zh != "").values(standard_zh=packed))
    op.drop_column("dispatch_stage", "standard_en")
    op.execute(sa.text("ALTER TABLE dispatch_stage RENAME COLUMN standard_zh TO standard"))
