"""When a task would be announced if its owner had room.

Revision 0012, after 0011.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("dispatch_task", sa.Column("wanted_ms", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("dispatch_task", "wanted_ms")
