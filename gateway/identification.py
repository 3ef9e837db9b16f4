"""Whether a device is the product of a profile: by what it says of itself, and by registers with known values.

Values in, answers out; who asks the device, and how the answers of many profiles are ranked, is decided elsewhere.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from core.quality import GOOD
from gateway.decode import BlockDecoder, Decoded
from gateway.profile import Identification, Signature


def objects_fit(identification: Identification, objects: Mapping[int, str]) -> bool | None:
    """Whether the texts of function 43/14 are this product's.

    Args:
        identification: of the profile.
        objects: object id to text, as the device answered.

    Returns:
        None when the profile names none of the objects that came: nothing is known then.
    """
    asked = [(pattern, objects[number]) for number, pattern in identification.objects.items() if number in objects]
    if not asked:
        return None
    return all(re.fullmatch(pattern, text.strip(" \0")) is not None for pattern, text in asked)


def decoder(signature: Signature) -> BlockDecoder:
    """Decodes the answer to a read of exactly this signature's register."""
    register = signature.register
    return BlockDecoder(register.address, register.stop - register.address, [register], [None])


def signature_fits(signature: Signature, decoded: Decoded) -> bool:
    """Whether what was read of a signature's register (row 0) is this product's; a bad value never is."""
    if decoded.quality[0] != GOOD:
        return False
    if signature.matches:
        return re.fullmatch(signature.matches, decoded.text.get(0, "")) is not None
    value = float(decoded.value[0])
    return not math.isnan(value) and (not signature.equals or value in signature.equals)
