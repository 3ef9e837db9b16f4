"""What supplies or contains each facility, what is redundant, and what it was before.

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
    op.add_column("registry_facility", sa.Column("parent", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_registry_facility_parent"), "registry_facility", ["parent"])
    op.add_column("registry_facility", sa.Column("redundant_set", sa.String(length=64), nullable=True))
    op.create_table(
        "registry_supply",
        sa.Column("facility", sa.Integer(), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("parent", sa.Integer(), nullable=True),
        sa.Column("redundant_set", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["facility"], ["registry_facility.number"], name=op.f("fk_registry_supply_facility")),
        sa.ForeignKeyConstraint(["parent"], ["registry_facility.number"], name=op.f("fk_registry_supply_parent")),
        sa.PrimaryKeyConstraint("facility", "from_ms", name=op.f("pk_registry_supply")),
    )


def downgrade() -> None:
    op.drop_table("registry_supply")
    op.drop_column("registry_facility", "redundant_set")
    op.drop_index(op.f("ix_registry_facility_parent"), "registry_facility")
    op.drop_column("registry_facility", "parent")
