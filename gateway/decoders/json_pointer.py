"""Any JSON payload: fields by JSON pointer (RFC 6901), such as ``/params/em:0/a_act_power``."""

from __future__ import annotations

from gateway.decoders.base import Fields, Value, flatten, parse_json


def decode_json(_topic: str, payload: bytes) -> Fields:
    """All scalars by pointer; a bare JSON value is the empty pointer.

    Raises:
        Refused: if the payload is no JSON.
    """
    document = parse_json(payload)
    if isinstance(document, dict | list):
        return Fields(values={_pointer(path): value for path, value in flatten(document, sign="\0").items()})
    values: dict[str, Value] = flatten({"": document})
    return Fields(values=values)


def _pointer(path: str) -> str:
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path.split("\0"))
