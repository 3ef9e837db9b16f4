"""Texts as YAML writes them: plain where that says the same, else in quotation marks."""

from __future__ import annotations

import json
from collections.abc import Sequence

import yaml


def scalar(value: str, *, flow: bool, quoted: bool = False) -> str:
    """A text as a value in a block (``key: value``) or, with ``flow``, between braces."""
    if not quoted and "\n" not in value and _reads_as(f"{{k: {value}}}" if flow else f"k: {value}\n", value):
        return value
    written = json.dumps(value, ensure_ascii=False)
    return written if _reads_as(f"k: {written}\n", value) else json.dumps(value)


def pair(zh: str, en: str) -> str:
    """``{zh: …, en: …}``, English in quotation marks as in the book."""
    return f"{{zh: {scalar(zh, flow=True)}, en: {scalar(en, flow=True, quoted=True)}}}"


def texts(values: Sequence[str], *, quoted: bool = False) -> str:
    """``[…, …]``."""
    return f"[{', '.join(scalar(one, flow=True, quoted=quoted) for one in values)}]"


def _reads_as(document: str, value: str) -> bool:
    try:
        node = yaml.compose(document, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError):
        return False
    if not isinstance(node, yaml.MappingNode) or len(node.value) != 1:
        return False
    found = node.value[0][1]
    return isinstance(found, yaml.ScalarNode) and found.value == value and value != ""
