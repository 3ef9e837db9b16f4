"""Whatever is said about an error exists in Chinese and in English, with the same values in both."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator, Mapping
from types import ModuleType

import pytest

from core.findings import Kind, Sentence
from tests.architecture.sources import FOLDERS, Source, sources

CHINESE = re.compile(r"[\u4e00-\u9fff]")
CODE = re.compile(r"TG-\d{4}")
PLACEHOLDER = re.compile(r"\{[^{}]*\}")
LANGUAGES = ("zh", "en")
SAME_IN_BOTH = frozenset({"{text}", "{hint}", "{problem}", "{reason}", ""})
"""Sentences that only hand on another one."""
NAMED_BY_THEIR_TABLE = frozenset({"note", "complain"})
"""Functions that add ``name``, the key they stand for, themselves."""


def _module(source: Source) -> ModuleType:
    return importlib.import_module(source.path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))


def _said_in(module: ModuleType) -> Iterator[tuple[str, Kind | Sentence]]:
    for name, value in vars(module).items():
        if isinstance(value, Kind | Sentence):
            yield name, value
        elif isinstance(value, Mapping):
            yield from ((f"{name}[{key}]", one) for key, one in value.items() if isinstance(one, Kind | Sentence))


TALKING = [source for source in sources(*FOLDERS) if "findings" in source.text]
ALL = {f"{source.path}:{name}": said for source in TALKING for name, said in _said_in(_module(source))}


def _sentences() -> Iterator[tuple[str, Sentence]]:
    for name, said in ALL.items():
        if isinstance(said, Kind):
            yield f"{name}.what", said.what
            yield f"{name}.fix", said.fix
        else:
            yield name, said


def test_the_walk_finds_the_rooms() -> None:
    """Every room that reads what people write has kinds of findings here; an empty walk would prove nothing."""
    rooms = {name.split("/")[0] for name, said in ALL.items() if isinstance(said, Kind)}
    assert rooms >= {"api", "app", "core", "dispatch", "gateway", "registry", "rules", "store"}
    assert len(ALL) > 250


@pytest.mark.parametrize(
    ("name", "sentence"), list(_sentences()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_sentence_is_there_in_both_languages(name: str, sentence: Sentence) -> None:
    """Chinese is Chinese, English holds none, and both have the same placeholders."""
    assert sentence.placeholders("zh") == sentence.placeholders("en"), name
    if sentence.zh in SAME_IN_BOTH and sentence.en == sentence.zh:
        return
    assert sentence.zh.strip(), name
    assert sentence.en.strip(), name
    assert not CHINESE.search(sentence.en), name
    if re.search(r"[A-Za-z]{2,}", PLACEHOLDER.sub("", sentence.en)):
        bare = PLACEHOLDER.sub("", sentence.zh)
        assert CHINESE.search(bare) or sentence.zh in sentence.en, name


def test_codes_are_well_formed() -> None:
    """A code is TG- and four digits, so that people can search for it."""
    assert [name for name, said in ALL.items() if isinstance(said, Kind) and not CODE.fullmatch(said.code)] == []


def _spoken_for(call: ast.Call, module: ModuleType) -> Iterator[tuple[Kind | Sentence, str]]:
    """Kinds and sentences that a call fills, with the name of the function that does."""
    function = call.func
    if isinstance(function, ast.Attribute) and function.attr == "at":
        found = _resolved(function.value, module)
        if isinstance(found, Kind):
            yield found, "at"
    said = _resolved(function, module)
    if isinstance(said, Sentence):
        yield said, "call"
    for argument in call.args:
        kind = _resolved(argument, module)
        if isinstance(kind, Kind):
            yield kind, function.attr if isinstance(function, ast.Attribute) else ast.unparse(function)


def _resolved(node: ast.expr, module: ModuleType) -> object:
    match node:
        case ast.Name(id=name):
            return vars(module).get(name)
        case ast.Attribute(value=ast.Name(id=name), attr=attribute):
            return getattr(vars(module).get(name), attribute, None)
        case _:
            return None


def test_every_use_fills_exactly_what_its_sentences_need() -> None:
    """A finding that lacks a value would fail while an error is being explained; one too many is a slip."""
    uses, wrong = 0, []
    for source in TALKING:
        module = _module(source)
        for node in ast.walk(source.tree()):
            if not isinstance(node, ast.Call) or any(keyword.arg is None for keyword in node.keywords):
                continue
            for said, how in _spoken_for(node, module):
                if how in {"_shape", "kind", "Kind"}:
                    continue
                sentences = (said.what, said.fix) if isinstance(said, Kind) else (said,)
                needed = frozenset().union(*(sentence.placeholders("en") for sentence in sentences))
                given = {keyword.arg for keyword in node.keywords}
                given |= {"name"} & needed if how in NAMED_BY_THEIR_TABLE else set()
                uses += 1
                if given != needed:
                    wrong.append(
                        f"{source.path}:{node.lineno}: gives {sorted(map(str, given))}, needs {sorted(needed)}"
                    )
    assert not wrong, "\n".join(wrong)
    assert uses > 200
