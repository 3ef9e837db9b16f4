"""What devices and gateways send to ThingsBoard, heard on the same broker: so an installation can be taken over.

``v1/gateway/telemetry`` holds batches for several devices by name; ``v1/gateway/connect`` and ``…/disconnect`` say
which of them are there; ``v1/devices/me/telemetry`` is a device of its own. A batch has moments with ``ts`` in
milliseconds (without one the time of arrival counts). Moments that are not the newest of their message are history.

Source: ThingsBoard documentation, "MQTT Gateway API" and "MQTT Device API".
"""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import Refused
from gateway.decoders.base import MAX_LIST, Decoder, Fields, Options, flatten, parse_json
from gateway.decoders.devicetime import TimeForm, time_ms


class ThingsBoard(Decoder):
    """One device of a gateway, by its name, or a device that speaks for itself."""

    def __init__(self, options: Options) -> None:
        """Take the fields of ``options.device``."""
        self._device = options.device

    def decode(self, topic: str, payload: bytes) -> Sequence[Fields]:
        """Fields by their telemetry key, one ``Fields`` a moment, oldest first.

        Raises:
            Refused: if the payload has not the format of its topic.
        """
        document = parse_json(payload)
        if topic.endswith(("/connect", "/disconnect")):
            return self._presence(document, gone=topic.endswith("/disconnect"))
        if not topic.endswith("v1/gateway/telemetry"):
            return _moments(document)
        if not isinstance(document, dict):
            raise Refused("gateway telemetry is a JSON object with a member for each device")
        return _moments(document.get(self._device, []))

    def _presence(self, document: object, *, gone: bool) -> Sequence[Fields]:
        name = document.get("device") if isinstance(document, dict) else None
        if not isinstance(name, str):
            raise Refused("a connect or disconnect message names its device")
        return (Fields(unavailable=gone),) if name == self._device else ()


def _moments(document: object) -> Sequence[Fields]:
    """One or several moments, in any of the three shapes."""
    entries = document[:MAX_LIST] if isinstance(document, list) else [document]
    moments = [_moment(entry) for entry in entries]
    newest = max((moment.time_ms for moment in moments), default=0)
    return [
        Fields(values=moment.values, time_ms=moment.time_ms, history=0 < moment.time_ms < newest)
        for moment in sorted(moments, key=lambda moment: moment.time_ms)
    ]


def _moment(entry: object) -> Fields:
    if not isinstance(entry, dict):
        raise Refused("telemetry is an object, or a list of objects")
    values = entry.get("values")
    if isinstance(values, dict):
        return Fields(values=flatten(values), time_ms=time_ms(entry.get("ts"), TimeForm.MS))
    return Fields(values=flatten(entry))
