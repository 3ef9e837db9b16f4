"""A device's birth says what each metric is and where it is read from."""

from __future__ import annotations

import numpy as np

from core.sparkplug.datatypes import SOURCE, DataType
from core.sparkplug.sparkplug_b_pb2 import Payload
from gateway.births import MAX_BIRTH_BYTES, dbirth
from gateway.points import PointName, Points
from gateway.spool_values import Metric

T0 = 1_790_000_000_000


def born(count: int, source: str) -> bytes:
    """The birth of a device with so many metrics of one unit."""
    names = [
        PointName(device="bus", metric=f"pump-{n:04}/level", type=DataType.DOUBLE, unit="m", source=source)
        for n in range(count)
    ]
    points = Points(names)
    points.alias = np.arange(count)
    metrics = [Metric(alias=n, name=one.metric, device="bus", type=one.type, unit="m") for n, one in enumerate(names)]
    return dbirth(metrics, points, {n: n for n in range(count)}, seq=1, now_ms=T0)


def test_a_birth_says_which_unit_each_metric_is_read_from() -> None:
    """A host reads from it what is lost together."""
    for metric in Payload.FromString(born(3, "meter")).metrics:
        properties = dict(zip(metric.properties.keys, metric.properties.values, strict=True))
        assert properties[SOURCE].string_value == "meter"
    assert SOURCE not in Payload.FromString(born(1, "")).metrics[0].properties.keys


def test_sources_are_left_out_where_the_birth_would_not_fit_its_message() -> None:
    """A device that was small enough before is still born."""
    birth = born(2_400, "a-unit-with-a-name-that-is-as-long-as-it-may-be-on-a-bus-of-ours")
    assert len(birth) <= MAX_BIRTH_BYTES
    metrics = Payload.FromString(birth).metrics
    assert len(metrics) == 2_400
    assert not any(SOURCE in metric.properties.keys for metric in metrics)
