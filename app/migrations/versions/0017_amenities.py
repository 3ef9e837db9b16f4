"""What is stated of the items of the complete-community standard.

Revision 0017, after 0016.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "registry_amenity",
        sa.Column("community", sa.Integer(), nullable=False),
        sa.Column("item", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("amount", sa.Float(), nullable=True),
        sa.Column("note_zh", sa.String(length=1000), nullable=False),
        sa.Column("note_en", sa.String(length=1000), nullable=False),
        sa.Column("checked_on", sa.String(length=10), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community"], ["registry_community.number"], name=op.f("fk_registry_amenity_community")
        ),
        sa.PrimaryKeyConstraint("community", "item", name=op.f("pk_registry_amenity")),
    )


def downgrade() -> None:
    op.drop_table("registry_amenity")
