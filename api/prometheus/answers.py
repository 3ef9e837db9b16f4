"""Answers in the shape of Prometheus. Pure.

Source: Prometheus 2.42, HTTP API, format overview and expression query result formats; ``util/jsonutil`` for numbers.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from api.prometheus.evaluate import Labels, Scalar, Vector
from core.readings import Int64s

_SMALLEST_PLAIN = 1e-6
_LARGEST_PLAIN = 1e21


def number(value: float) -> str:
    """A value as Prometheus writes it: shortest digits, plain between 1e-6 and 1e21."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(value)
    if "e" in text and (value == 0 or _SMALLEST_PLAIN <= abs(value) < _LARGEST_PLAIN):
        text = format(Decimal(text), "f")
    return text.removesuffix(".0")


def moment(at_ms: int) -> str:
    """Seconds, with three digits behind the point where they are not whole."""
    seconds, rest = divmod(at_ms, 1000)
    return f"{seconds}.{rest:03d}" if rest else str(seconds)


def vector(found: Vector, at_ms: int, warnings: Sequence[str]) -> str:
    """The answer to an instant query with series."""
    at = moment(at_ms)
    rows = sorted(zip(map(_labels, found.labels), found.value[:, 0].tolist(), found.there[:, 0].tolist(), strict=True))
    parts = [f'{{"metric":{labels},"value":[{at},"{number(value)}"]}}' for labels, value, there in rows if there]
    return _data("vector", parts, warnings)


def scalar(found: Scalar, at_ms: int) -> str:
    """The answer to an instant query without series."""
    value = f'[{moment(at_ms)},"{number(float(found[0]))}"]'
    return f'{{"status":"success","data":{{"resultType":"scalar","result":{value}}}}}'


def matrix(found: Scalar | Vector, times_ms: Int64s, warnings: Sequence[str]) -> str:
    """The answer to a range query."""
    if not isinstance(found, Vector):
        found = Vector(labels=[{}], value=found[np.newaxis, :], there=np.ones((1, len(found)), np.bool_))
    moments = [moment(at_ms) for at_ms in times_ms.tolist()]
    order = sorted(range(len(found.labels)), key=lambda row: _labels(found.labels[row]))
    parts = []
    for row in order:
        rows = zip(moments, found.value[row].tolist(), found.there[row].tolist(), strict=True)
        values = ",".join(f'[{at},"{number(value)}"]' for at, value, there in rows if there)
        parts.append(f'{{"metric":{_labels(found.labels[row])},"values":[{values}]}}')
    return _data("matrix", parts, warnings)


def success(data: Any) -> str:
    """Any other answer."""
    return _json({"status": "success", "data": data})


def failure(kind: str, why: str) -> str:
    """Why there is no answer."""
    return _json({"status": "error", "errorType": kind, "error": why})


def _data(kind: str, parts: Iterable[str], warnings: Sequence[str]) -> str:
    told = f',"warnings":{_json(list(warnings))}' if warnings else ""
    return f'{{"status":"success","data":{{"resultType":"{kind}","result":[{",".join(parts)}]}}{told}}}'


def _labels(labels: Labels) -> str:
    return _json({name: value for name, value in sorted(labels.items()) if value})


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
