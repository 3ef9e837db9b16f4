"""The mark of test cases and their tasks.

Revision 0003, after 0002.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None

_TABLES = ("dispatch_case", "dispatch_task")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("drill", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    for table in _TABLES:
        op.drop_column(table, "drill")
