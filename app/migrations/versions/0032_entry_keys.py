"""The key of a ledger's line: sent again after an answer that got lost, the money counts once.

Revision 0032, after 0031.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0032"
down_revision: str | None = "0031"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    with op.batch_alter_table("dispatch_fund_entry") as batch:
        batch.add_column(sa.Column("key", sa.String(length=64), nullable=True))
        batch.create_unique_constraint(op.f("uq_dispatch_fund_entry_actor_key"), ["actor", "key"])


def downgrade() -> None:
    with op.batch_alter_table("dispatch_fund_entry") as batch:
        batch.drop_constraint(op.f("uq_dispatch_fund_entry_actor_key"), type_="unique")
        batch.drop_column("key")
