"""Projects with their ledgers; preventive plans and what was done of them.

Revision 0020, after 0019.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    _projects()
    _plans()


def _projects() -> None:
    op.create_table(
        "dispatch_project",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("community", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_dispatch_project")),
        sa.UniqueConstraint("code", name=op.f("uq_dispatch_project_code")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_dispatch_project_community"), "dispatch_project", ["community"], unique=False)
    op.create_table(
        "dispatch_project_facility",
        sa.Column("project", sa.Integer(), nullable=False),
        sa.Column("facility", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["project"], ["dispatch_project.number"], name=op.f("fk_dispatch_project_facility_project")
        ),
        sa.PrimaryKeyConstraint("project", "facility", name=op.f("pk_dispatch_project_facility")),
    )
    op.create_index(
        op.f("ix_dispatch_project_facility_facility"), "dispatch_project_facility", ["facility"], unique=False
    )
    op.create_table(
        "dispatch_fund_entry",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("project", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("phase", sa.String(length=40), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("settles", sa.Integer(), nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("person", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["project"], ["dispatch_project.number"], name=op.f("fk_dispatch_fund_entry_project")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_dispatch_fund_entry")),
        sa.UniqueConstraint("settles", name=op.f("uq_dispatch_fund_entry_settles")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_dispatch_fund_entry_project"), "dispatch_fund_entry", ["project"], unique=False)


def _plans() -> None:
    op.create_table(
        "dispatch_plan",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("class_id", sa.String(length=64), nullable=False),
        sa.Column("work_zh", sa.String(length=1000), nullable=False),
        sa.Column("work_en", sa.String(length=1000), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_dispatch_plan")),
        sa.UniqueConstraint("code", name=op.f("uq_dispatch_plan_code")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_dispatch_plan_class_id"), "dispatch_plan", ["class_id"], unique=False)
    op.create_table(
        "dispatch_plan_work",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("plan", sa.Integer(), nullable=False),
        sa.Column("facility", sa.Integer(), nullable=False),
        sa.Column("case", sa.Integer(), nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("done_ms", sa.BigInteger(), nullable=True),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(["case"], ["dispatch_case.number"], name=op.f("fk_dispatch_plan_work_case")),
        sa.ForeignKeyConstraint(["plan"], ["dispatch_plan.number"], name=op.f("fk_dispatch_plan_work_plan")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_dispatch_plan_work")),
        sa.UniqueConstraint("case", name=op.f("uq_dispatch_plan_work_case")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_dispatch_plan_work_plan", "dispatch_plan_work", ["plan", "facility", "number"], unique=False)


def downgrade() -> None:
    op.drop_table("dispatch_plan_work")
    op.drop_table("dispatch_plan")
    op.drop_table("dispatch_fund_entry")
    op.drop_table("dispatch_project_facility")
    op.drop_table("dispatch_project")
