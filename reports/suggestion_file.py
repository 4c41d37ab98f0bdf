"""A model as a file of plain arrays: reading it runs nothing that stands in it."""

import json
import os
import zipfile
from pathlib import Path

import numpy as np

from reports.suggestion import Facts, Measured, Model

ARRAYS = ("units", "vocabulary", "idf", "weights", "intercept")
MODE = 0o640


class ModelMissing(LookupError):
    """Nobody has trained one yet."""


class ModelUnreadable(ValueError):
    """The file is not what `save` writes."""


def save(model: Model, path: Path) -> None:
    """Whole or not at all: who reads meanwhile has the old model or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    facts = json.dumps(model.facts.as_dict(), ensure_ascii=False)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, MODE), "wb") as out:
        arrays = {name: getattr(model, name) for name in ARRAYS}
        np.savez_compressed(out, facts=np.array(facts), **arrays)
        out.flush()
        os.fsync(out.fileno())
    part.replace(path)


def load(path: Path) -> Model:
    """Raises:
    ModelMissing, ModelUnreadable.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as read:
            facts = json.loads(str(read["facts"]))
            arrays = {name: read[name] for name in ARRAYS}
            measured = Measured(**facts.pop("measured"))
            model = Model(**arrays, facts=Facts(**facts, measured=measured))
    except FileNotFoundError:
        raise ModelMissing(f"{path} is not there") from None
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as fault:
        raise ModelUnreadable(f"{path}: {fault}") from None
    if not _fits(model):
        raise ModelUnreadable(f"{path}: its arrays do not belong to each other")
    return model


def _fits(model: Model) -> bool:
    units, runs = len(model.units), len(model.vocabulary)
    shapes = model.weights.shape, model.idf.shape, model.intercept.shape
    return units >= 2 and shapes == ((units, runs), (runs,), (units,))
