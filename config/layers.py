"""Where a setting may come from, weakest first: defaults, city profile, file, environment."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Tables whose keys are a list of the site's own: a layer that has one means all of it.
WHOLE = (("seat_keys", "services"),)


class SettingsRejected(ValueError):
    """The settings are not usable; each problem names the file or variable, and the key."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Layer:
    source: str
    values: Mapping[str, Any]

    def holds(self, path: Sequence[str | int]) -> bool:
        here: Any = self.values
        for step in path:
            try:
                here = here[step]
            except (KeyError, IndexError, TypeError):
                return False
        return True


def file_layer(path: Path) -> Layer:
    try:
        return Layer(str(path), tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except OSError as error:
        raise SettingsRejected((f"{path}: {error.strerror}",)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsRejected((f"{path}: {error}",)) from error


def merged(layers: Sequence[Layer]) -> dict[str, Any]:
    """Later layers win key by key; a list, and a table of WHOLE, is replaced as a whole."""
    result: dict[str, Any] = {}
    for layer in layers:
        result = _laid_over(result, layer.values, ())
    return result


def _laid_over(
    below: Mapping[str, Any], above: Mapping[str, Any], path: tuple[str, ...]
) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        under, here = result.get(key), (*path, key)
        if isinstance(value, Mapping) and isinstance(under, Mapping) and here not in WHOLE:
            value = _laid_over(under, value, here)
        result[key] = value
    return result


def source_of(path: Sequence[str | int], layers: Sequence[Layer]) -> str:
    """The strongest layer that holds `path` or, for a missing key, the nearest table above it."""
    for depth in range(len(path), 0, -1):
        for layer in reversed(layers):
            if layer.holds(path[:depth]):
                return layer.source
    return layers[0].source
