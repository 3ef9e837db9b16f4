"""ChirpStack v4 uplinks: ``application/<id>/device/<devEUI>/event/up``, with Milesight's byte format.

If the network server runs a codec, its ``object`` holds named fields. Without one, ``data`` holds the device's bytes,
read by the table of its model (``gateway.decoders.milesight``): the one that the source names, or the one whose name
stands in the device profile's. ``time`` is when the network's gateway received the frame: that is the event time.

Source: ChirpStack v4 documentation, integrations, event types.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence

from core.errors import Refused
from gateway import findings
from gateway.decoders.base import Decoder, Fields, Options, Value, flatten, parse_json
from gateway.decoders.devicetime import TimeForm, time_ms
from gateway.decoders.milesight import MODELS, decode_milesight, model_of


class ChirpStack(Decoder):
    """The uplinks of one device."""

    def __init__(self, options: Options) -> None:
        """Take the model from ``options.device``, if it is given.

        Raises:
            Refused: if there is no such model.
        """
        self._model = model_of(options.device)
        if options.device and not self._model:
            raise Refused(findings.NO_MODEL(model=options.device, known=", ".join(MODELS)))

    def decode(self, topic: str, payload: bytes) -> Sequence[Fields]:
        """Fields of the codec's ``object`` (or of the device's bytes), and ``rssi``, ``snr`` of the first gateway.

        Raises:
            Refused: if the payload is no uplink event.
        """
        document = parse_json(payload)
        if not topic.endswith("/event/up"):
            return ()
        if not isinstance(document, dict) or not isinstance(document.get("deviceInfo"), dict):
            raise Refused("the payload is no ChirpStack v4 uplink: deviceInfo is missing")
        moment = time_ms(document.get("time"), TimeForm.ISO)
        radio = _radio(document.get("rxInfo"))
        decoded, data = document.get("object"), document.get("data")
        if isinstance(decoded, dict) and decoded:
            return (Fields(values=radio | flatten(decoded), time_ms=moment),)
        if not isinstance(data, str) or not data:
            return (Fields(values=radio, time_ms=moment),)
        found = decode_milesight(_bytes(data), self._model or _model(document["deviceInfo"]), moment)
        past = [one for one in found if one.history]
        now = next((one for one in found if not one.history), Fields())
        return [*past, Fields(values={**radio, **now.values}, bad=now.bad, time_ms=moment)]


def _radio(receptions: object) -> dict[str, Value]:
    if not isinstance(receptions, list) or not receptions or not isinstance(receptions[0], dict):
        return {}
    return flatten({key: receptions[0].get(key) for key in ("rssi", "snr")})


def _model(info: Mapping[str, object]) -> str:
    name = str(info.get("deviceProfileName", ""))
    model = model_of(name)
    if not model:
        raise Refused(f"the device profile {name[:40]!r} names no known model; write `device: <model>` at the source")
    return model


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("data is not base64") from None
