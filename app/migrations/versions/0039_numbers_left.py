"""What a partner's number stood for before a merging: taken back, it stands for it again.

Revision 0039, after 0038.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0039"
down_revision: str | None = "0038"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "dispatch_foreign_left",
        sa.Column("foreign", sa.Integer(), nullable=False),
        sa.Column("case", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("foreign", "case", name=op.f("pk_dispatch_foreign_left")),
        sa.ForeignKeyConstraint(["foreign"], ["dispatch_foreign.id"], name=op.f("fk_dispatch_foreign_left_foreign")),
        sa.ForeignKeyConstraint(["case"], ["dispatch_case.number"], name=op.f("fk_dispatch_foreign_left_case")),
    )
    op.create_index(op.f("ix_dispatch_foreign_left_case"), "dispatch_foreign_left", ["case"], unique=False)


def downgrade() -> None:
    """Numbers stay with the case they stand for."""
    op.drop_index(op.f("ix_dispatch_foreign_left_case"), table_name="dispatch_foreign_left")
    op.drop_table("dispatch_foreign_left")
