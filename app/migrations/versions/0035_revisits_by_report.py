"""Everybody who reported is asked: a revisit belongs to a closing and to a report.

Revision 0035, after 0034.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0035"
down_revision: str | None = "0034"
branch_labels: str | None = None
depends_on: str | None = None

_KEEP = {"sqlite_autoincrement": True}


def upgrade() -> None:
    with op.batch_alter_table("dispatch_revisit", table_kwargs=_KEEP) as batch:
        batch.add_column(sa.Column("intake", sa.Integer(), nullable=False, server_default="0"))
        batch.drop_constraint(op.f("uq_dispatch_revisit_line"), type_="unique")
        batch.create_unique_constraint(op.f("uq_dispatch_revisit_line_intake"), ["line", "intake"])
        batch.create_index(op.f("ix_dispatch_revisit_intake"), ["intake"], unique=False)
    with op.batch_alter_table("dispatch_revisit", table_kwargs=_KEEP) as batch:
        batch.alter_column("intake", existing_type=sa.Integer(), existing_nullable=False, server_default=None)
    _give_to_the_first_resident()


def _give_to_the_first_resident() -> None:
    """Who is still asked about a case without a number to call: the first resident who reported it."""
    revisit = sa.table("dispatch_revisit", *(sa.column(name) for name in ("case", "intake", "state", "phone")))
    intake = sa.table("dispatch_intake", *(sa.column(name) for name in ("number", "case", "source")))
    first = sa.select(sa.func.min(intake.c.number)).where(intake.c.case == revisit.c.case)
    first = first.where(intake.c.source == "resident")
    open_ = (revisit.c.state == "due", revisit.c.phone == "")
    values = {"intake": sa.func.coalesce(first.scalar_subquery(), 0)}
    op.get_bind().execute(sa.update(revisit).where(*open_).values(values))


def downgrade() -> None:
    """Of each closing the first revisit stays; what others said of it is lost."""
    revisit = sa.table("dispatch_revisit", sa.column("number"), sa.column("line"))
    first = sa.select(sa.func.min(revisit.c.number)).group_by(revisit.c.line)
    op.get_bind().execute(sa.delete(revisit).where(revisit.c.number.not_in(first)))
    op.drop_index(op.f("ix_dispatch_revisit_intake"), table_name="dispatch_revisit")
    with op.batch_alter_table("dispatch_revisit", table_kwargs=_KEEP) as batch:
        batch.drop_constraint(op.f("uq_dispatch_revisit_line_intake"), type_="unique")
        batch.drop_column("intake")
        batch.create_unique_constraint(op.f("uq_dispatch_revisit_line"), ["line"])
