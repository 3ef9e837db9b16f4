"""Versions of the gateways' configurations, and what the gateways say that they run.

Revision 0002, after 0001.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "registry_configuration",
        sa.Column("gateway", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("pushed_ms", sa.BigInteger(), nullable=False),
        sa.Column("pushed_by", sa.String(length=64), nullable=False),
        sa.Column("answered_ms", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["gateway"], ["registry_gateway.number"], name=op.f("fk_registry_configuration_gateway")
        ),
        sa.PrimaryKeyConstraint("gateway", "version", name=op.f("pk_registry_configuration")),
    )
    op.create_table(
        "registry_configuration_running",
        sa.Column("gateway", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("reported_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["gateway"], ["registry_gateway.number"], name=op.f("fk_registry_configuration_running_gateway")
        ),
        sa.PrimaryKeyConstraint("gateway", name=op.f("pk_registry_configuration_running")),
    )


def downgrade() -> None:
    op.drop_table("registry_configuration_running")
    op.drop_table("registry_configuration")
