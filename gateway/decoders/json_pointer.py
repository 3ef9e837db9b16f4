"""Any JSON payload, mapped by the configuration: JSON pointers, or small templates; device time or arrival time.

A field's path is a JSON pointer (RFC 6901) such as ``/params/em:0/a_act_power``, a pointer that picks a list's element
by one of its members, ``/tags/[name=u]/value`` (which RFC 6901 cannot say and EMQX Neuron needs), or a template such as
``{{ value_json.t / 10 }}`` (``gateway.decoders.template``).
"""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import Refused
from gateway import findings
from gateway.decoders.base import MAX_LIST, Decoder, Fields, Options, Value, flatten, parse_json, scalar
from gateway.decoders.devicetime import time_ms
from gateway.decoders.template import Template


class JsonMapping(Decoder):
    """Takes the configured fields out of any JSON payload."""

    def __init__(self, options: Options) -> None:
        """Compile the paths.

        Raises:
            Refused: if a template is none.
        """
        self._templates = {path: Template(path) for path in options.paths if "{{" in path}
        self._pointers = {path: split(path) for path in options.paths if path not in self._templates}
        self._time = options.time
        self._time_pointer = split(options.time.path) if options.time else ()

    def decode(self, topic: str, payload: bytes) -> Sequence[Fields]:
        """The wanted fields that are there; without wanted fields all scalars by their pointer.

        Raises:
            Refused: if the payload is no JSON.
        """
        document = parse_json(payload)
        moment = time_ms(find(document, self._time_pointer), self._time.form, self._time.zone) if self._time else 0
        if not self._templates and not self._pointers:
            return (Fields(values=everything(document), time_ms=moment),)
        values: dict[str, Value] = {}
        for path, pointer in self._pointers.items():
            value = scalar(find(document, pointer))
            if value is not None:
                values[path] = value
        for path, template in self._templates.items():
            made = template.value(document)
            if made is not None:
                values[path] = made
        return (Fields(values=values, time_ms=moment),)


def everything(document: object) -> dict[str, Value]:
    """All scalars by pointer; a bare JSON value is the empty pointer."""
    if isinstance(document, dict | list):
        return {pointer(path): value for path, value in flatten(document, sign="\0").items()}
    return flatten({"": document})


def pointer(path: str) -> str:
    """A path of ``flatten`` with NUL between its parts, as a JSON pointer."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path.split("\0"))


def split(path: str) -> tuple[str, ...]:
    """The parts of a pointer, unescaped.

    Raises:
        Refused: if it is not empty and does not begin with a slash.
    """
    if path and not path.startswith("/"):
        raise Refused(findings.NO_POINTER(path=path))
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:])


def find(document: object, parts: Sequence[str]) -> object:
    """What a pointer leads to; None if it leads nowhere."""
    for part in parts:
        if isinstance(document, dict):
            document = document.get(part)
        elif isinstance(document, list):
            document = _element(document, part)
        else:
            return None
    return document


def _element(items: list[object], part: str) -> object:
    if part.startswith("[") and part.endswith("]") and "=" in part:
        key, _, wanted = part[1:-1].partition("=")
        matching = (item for item in items[:MAX_LIST] if isinstance(item, dict) and str(item.get(key)) == wanted)
        return next(matching, None)
    return items[int(part)] if part.isascii() and part.isdigit() and int(part) < len(items) else None
