"""Departments have logins of their own; what comes in may be referred to one, and every decision of it is kept.

Revision 0033, after 0032.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0033"
down_revision: str | None = "0032"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    code = sa.String(length=64)
    op.add_column("registry_login", sa.Column("department", code, server_default=sa.text("''"), nullable=False))
    op.add_column("dispatch_intake", sa.Column("referred", code, server_default=sa.text("''"), nullable=False))
    op.create_index(op.f("ix_dispatch_intake_referred"), "dispatch_intake", ["referred", "number"], unique=False)
    op.create_table(
        "dispatch_intake_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("intake", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("person", sa.Integer(), nullable=True),
        sa.Column("before", sa.String(length=40), nullable=False),
        sa.Column("after", sa.String(length=40), nullable=False),
        sa.Column("department", sa.String(length=64), nullable=False),
        sa.Column("words", sa.String(length=1000), nullable=False),
        sa.ForeignKeyConstraint(["intake"], ["dispatch_intake.number"], name=op.f("fk_dispatch_intake_step_intake")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch_intake_step")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_dispatch_intake_step_intake"), "dispatch_intake_step", ["intake"], unique=False)


def downgrade() -> None:
    """What departments have waits again, what they took is returned; their people and logins may do nothing.

    The older program knows neither the role nor the verdicts. The decisions in between are lost.
    """
    op.execute("UPDATE dispatch_intake SET verdict = 'wait' WHERE verdict = 'refer'")
    op.execute("UPDATE dispatch_intake SET verdict = 'return' WHERE verdict = 'taken'")
    op.execute("""UPDATE dispatch_intake SET reasons = REPLACE(reasons, '"given_back"', '"by_hand"')""")
    op.execute("UPDATE registry_login SET role = 'grid_worker', active = false WHERE role = 'department'")
    op.execute("UPDATE registry_person SET role = 'technician', active = false WHERE role = 'department'")
    op.drop_table("dispatch_intake_step")
    op.drop_index(op.f("ix_dispatch_intake_referred"), table_name="dispatch_intake")
    op.drop_column("dispatch_intake", "referred")
    op.drop_column("registry_login", "department")
