"""Sparkplug datatypes and the names Twingrid gives to metrics and properties."""

from __future__ import annotations

from enum import IntEnum


class DataType(IntEnum):
    """Datatype codes of Sparkplug 3.0.0 chapter 6.4.16 (scalars)."""

    INT8 = 1
    INT16 = 2
    INT32 = 3
    INT64 = 4
    UINT8 = 5
    UINT16 = 6
    UINT32 = 7
    UINT64 = 8
    FLOAT = 9
    DOUBLE = 10
    BOOLEAN = 11
    STRING = 12
    DATETIME = 13
    TEXT = 14
    UUID = 15
    DATASET = 16
    BYTES = 17
    FILE = 18
    TEMPLATE = 19


BDSEQ = "bdSeq"
REBIRTH = "Node Control/Rebirth"
COMMITTED = "Twingrid/Committed"
EPOCH = "Twingrid/Epoch"
CONFIGURATION = "Twingrid/Configuration"
"""A configuration pushed to a gateway; from a gateway: what runs there, when asked with ``SHOW_CONFIGURATION``."""
CONFIGURATION_REPORT = "Twingrid/Configuration Report"
SHOW_CONFIGURATION = "Twingrid/Show Configuration"
TEST_ALARM = "Twingrid/Test Alarm"
"""From a gateway: a call for a test alarm; to a gateway: how the call stands."""

QUALITY = "Quality"
REASON = "twingridQuality"
ENG_UNIT = "engUnit"
SOURCE = "twingridSource"
"""Property of a metric in a DBIRTH: the unit of the bus, or the source of the adapter, that it is read from."""
