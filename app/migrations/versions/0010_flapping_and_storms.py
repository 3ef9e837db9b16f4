"""What flaps and how often, and cases that gather many facilities.

Revision 0010, after 0009.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("dispatch_alarm", sa.Column("flaps", sa.Integer(), server_default="0", nullable=False))
    op.add_column("dispatch_alarm", sa.Column("pieces", sa.Text(), server_default="[]", nullable=False))
    op.create_index("ix_dispatch_alarm_opened", "dispatch_alarm", ["opened_ms"], unique=False)
    gathers = sa.Column("gathers", sa.String(length=300), server_default=sa.text("''"), nullable=False)
    op.add_column("dispatch_case", gathers)
    op.add_column("dispatch_case", sa.Column("members", sa.Integer(), server_default="0", nullable=False))
    op.add_column("dispatch_case", sa.Column("members_on", sa.Integer(), server_default="0", nullable=False))
    op.add_column("dispatch_case", sa.Column("quiet_ms", sa.BigInteger(), nullable=True))
    stands = sa.text("open AND gathers <> ''")
    op.create_index(
        "open_storm", "dispatch_case", ["gathers"], unique=True, sqlite_where=stands, postgresql_where=stands
    )


def downgrade() -> None:
    op.drop_index("open_storm", table_name="dispatch_case")
    for column in ("quiet_ms", "members_on", "members", "gathers"):
        op.drop_column("dispatch_case", column)
    op.drop_index("ix_dispatch_alarm_opened", table_name="dispatch_alarm")
    for column in ("pieces", "flaps"):
        op.drop_column("dispatch_alarm", column)
