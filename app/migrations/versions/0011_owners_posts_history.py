"""Owners and ages of facilities, certificates and leave, villages, departments, posts, and the history of every record.

Revision 0011, after 0010.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None

_FACILITY = (("built", 10), ("owner_kind", 20), ("owner", 200), ("cost_book", 64), ("component_code", 64))


def _names() -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(length=200), nullable=False) for name in ("name_zh", "name_en")]


def upgrade() -> None:
    for name, length in _FACILITY:
        column = sa.Column(name, sa.String(length=length), server_default=sa.text("''"), nullable=False)
        op.add_column("registry_facility", column)
    op.add_column("registry_person", sa.Column("volunteer", sa.Boolean(), server_default=sa.false(), nullable=False))
    department = sa.Column("department", sa.String(length=64), server_default=sa.text("''"), nullable=False)
    op.add_column("registry_person", department)
    op.create_table(
        "registry_village",
        sa.Column("code", sa.String(length=64), nullable=False),
        *_names(),
        sa.Column("community", sa.Integer(), nullable=False),
        sa.Column("merged_on", sa.String(length=10), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["community"], ["registry_community.number"], name=op.f("fk_registry_village_community")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_registry_village")),
    )
    op.create_table(
        "registry_department",
        sa.Column("code", sa.String(length=64), nullable=False),
        *_names(),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_registry_department")),
    )
    _create_of_people()
    _create_history()


def _create_of_people() -> None:
    op.create_table(
        "registry_person_certificate",
        sa.Column("person", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("number", sa.String(length=100), nullable=False),
        sa.Column("valid_to", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["person"], ["registry_person.number"], name=op.f("fk_registry_person_certificate_person")
        ),
        sa.PrimaryKeyConstraint("person", "name", "number", name=op.f("pk_registry_person_certificate")),
    )
    op.create_table(
        "registry_person_leave",
        sa.Column("person", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.String(length=10), nullable=False),
        sa.Column("last_day", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["registry_person.number"], name=op.f("fk_registry_person_leave_person")),
        sa.PrimaryKeyConstraint("person", "first_day", name=op.f("pk_registry_person_leave")),
    )
    op.create_table(
        "registry_post",
        sa.Column("code", sa.String(length=64), nullable=False),
        *_names(),
        sa.Column("cell", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.Integer(), nullable=True),
        sa.Column("since", sa.String(length=10), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["holder"], ["registry_person.number"], name=op.f("fk_registry_post_holder")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_registry_post")),
    )


def _create_history() -> None:
    op.create_table(
        "registry_history",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("collection", sa.String(length=20), nullable=False),
        sa.Column("record", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("field", sa.String(length=64), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_history")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_registry_history_at_ms", "registry_history", ["at_ms"], unique=False)
    op.create_index("ix_registry_history_record", "registry_history", ["collection", "record", "id"], unique=False)


def downgrade() -> None:
    for table in ("history", "post", "person_leave", "person_certificate", "department", "village"):
        op.drop_table(f"registry_{table}")
    for name in ("department", "volunteer"):
        op.drop_column("registry_person", name)
    for name, _ in reversed(_FACILITY):
        op.drop_column("registry_facility", name)
