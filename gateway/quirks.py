"""What the quirks of a product mean for those who read it, on this framing. Values in, values out.

All quirks of a profile take effect where a unit names it, and nothing else has to be configured:

* ``transaction_id_plus_one``: the framer expects exactly that (here);
* ``needs_single_reads``: one quantity a request (``gateway.plan``);
* ``first_request_lost``: asked once more after a pause (``gateway.bus``, ``gateway.site_bus``);
* ``silent_on_illegal``: a silence is a refusal if the next question is answered (``gateway.bus``);
* the silence ``guard_s`` around its frames (``gateway.lines.line``).

The others are for people; ``twingrid profile show`` names them.
"""

from __future__ import annotations

from typing import Final

from gateway.product import Quirk
from gateway.profile import Profile
from gateway.transport import Framing, TransactionIds

FOR_PEOPLE: Final = frozenset(
    {
        Quirk.WORD_SWAPPED_CLONES,
        Quirk.SWAPPED_REGISTERS,
        Quirk.SECONDARY_SIDE_VALUES,
        Quirk.SCALE_VARIES,
        Quirk.ADDRESS_BASE_VARIES,
        Quirk.BROADCAST_ADDRESS,
    }
)
"""Quirks that a person must know and no program can act on."""


def transaction_ids(profile: Profile | None, framing: Framing) -> TransactionIds:
    """The transaction ids of a product's answers; on other framings than Modbus TCP there are none."""
    if profile is not None and framing is Framing.TCP and Quirk.TRANSACTION_ID_PLUS_ONE in profile.quirks:
        return TransactionIds.NEXT
    return TransactionIds.SAME


def tries(profile: Profile | None) -> int:
    """How often a unit of this product is asked before it counts as silent, after a pause."""
    return 2 if profile is not None and Quirk.FIRST_REQUEST_LOST in profile.quirks else 1
