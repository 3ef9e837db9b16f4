"""How the severity of an alarm rose and fell, and what each line of its history showed.

Revision 0004, after 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("dispatch_alarm", sa.Column("steps", sa.Text(), server_default="[]", nullable=False))
    op.add_column("dispatch_alarm_history", sa.Column("severity", sa.Integer(), nullable=True))
    op.add_column("dispatch_alarm_history", sa.Column("steps_digest", sa.String(length=16), nullable=True))


def downgrade() -> None:
    op.drop_column("dispatch_alarm_history", "steps_digest")
    op.drop_column("dispatch_alarm_history", "severity")
    op.drop_column("dispatch_alarm", "steps")
