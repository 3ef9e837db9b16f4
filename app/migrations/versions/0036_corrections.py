"""What was reported with a handling can be corrected: who changed which field when, from what to what and why.

Revision 0036, after 0035.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0036"
down_revision: str | None = "0035"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "dispatch_report_change",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("report", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("person", sa.Integer(), nullable=True),
        sa.Column("field", sa.String(240), nullable=False),
        sa.Column("before", sa.String(1000), nullable=False),
        sa.Column("after", sa.String(1000), nullable=False),
        sa.Column("reason", sa.String(1000), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_dispatch_report_change")),
        sa.ForeignKeyConstraint(["report"], ["dispatch_report.number"], name=op.f("fk_dispatch_report_change_report")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_dispatch_report_change_report"), "dispatch_report_change", ["report"], unique=False)


def downgrade() -> None:
    """Reports stay as they were corrected; who did it is lost."""
    op.drop_index(op.f("ix_dispatch_report_change_report"), table_name="dispatch_report_change")
    op.drop_table("dispatch_report_change")
