"""What was learned about models, on disk: a bus restarts with the plans it ended with.

One small JSON file beside the spool, replaced at once. It holds no readings and may be deleted at any time: then the
holes and lengths are learned anew. A file that cannot be read is treated so, too, with a line in the log.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path

from gateway.knowledge import ModelKnowledge

log = logging.getLogger(__name__)

FORMAT = 1


class ModelMemory:
    """Knowledge by model and function code, kept in one file."""

    def __init__(self, path: Path | None) -> None:
        """Read the file, if there is one; None keeps nothing."""
        self._path = path
        self._models: dict[str, dict[int, ModelKnowledge]] = {}
        self._saved = 0
        if path is not None:
            self._models = _load(path)

    def model(self, key: str, function: int) -> ModelKnowledge:
        """What is known of a model (profile key) and function code; the same object for all its units."""
        return self._models.setdefault(key, {}).setdefault(function, ModelKnowledge())

    def save(self) -> bool:
        """Write the file if something was learned since the last time; returns whether it was written.

        Raises:
            OSError: if it cannot be written.
        """
        version = sum(one.version for model in self._models.values() for one in model.values())
        if self._path is None or version == self._saved:
            return False
        models = {
            key: {str(function): _written(one) for function, one in model.items() if _worth(one)}
            for key, model in self._models.items()
        }
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        content = {"format": FORMAT, "models": {key: model for key, model in models.items() if model}}
        draft.write_text(json.dumps(content, indent=1, sort_keys=True), encoding="utf-8")
        draft.replace(self._path)
        self._saved = version
        return True


def _worth(one: ModelKnowledge) -> bool:
    return one.refused is not None or bool(one.illegal)


def _written(one: ModelKnowledge) -> dict[str, object]:
    return {"answered": one.answered, "refused": one.refused, "illegal": sorted(one.illegal)}


def _load(path: Path) -> dict[str, dict[int, ModelKnowledge]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']} is not {FORMAT}")
        return {
            str(key): {int(function): _read(entry) for function, entry in model.items()}
            for key, model in content["models"].items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("what was learned about models is not readable", extra={"path": str(path), "error": str(error)})
        return {}


def _read(entry: Mapping[str, object]) -> ModelKnowledge:
    answered, refused, illegal = entry["answered"], entry["refused"], entry["illegal"]
    lengths_fine = isinstance(answered, int) and (refused is None or isinstance(refused, int))
    if not lengths_fine or not isinstance(illegal, list) or not all(isinstance(one, int) for one in illegal):
        raise ValueError(f"an entry has not its shape: {entry!r:.80}")
    assert isinstance(answered, int)
    assert refused is None or isinstance(refused, int)
    return ModelKnowledge(answered=answered, refused=refused, illegal=set(illegal))
