"""The bus on which a point is read.

Revision 0016, after 0015.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("registry_point", sa.Column("bus", sa.String(length=64), nullable=True))


def downgrade() -> None:
    op.drop_column("registry_point", "bus")
