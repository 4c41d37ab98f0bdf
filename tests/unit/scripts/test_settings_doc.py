"""Every setting is described, has a default in the open, and stands in docs/settings.md."""

import tomllib
from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from config.fields import Section
from config.settings import DEFAULTS, Settings
from scripts.settings_doc import PAGE, page


def settings_of(model: type[BaseModel], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            yield from settings_of(kind, (*above, name))
        else:
            yield (*above, name)


ALL = list(settings_of(Settings))


@pytest.mark.parametrize("path", ALL, ids=".".join)
def test_every_setting_stands_in_the_defaults_and_on_the_page(path):
    here = tomllib.loads(DEFAULTS.read_text(encoding="utf-8"))
    for step in path:
        assert step in here
        here = here[step]
    assert f"`L110_{'__'.join(path).upper()}`" in PAGE.read_text(encoding="utf-8")


def test_every_setting_says_what_it_is_for():
    models: list[type[BaseModel]] = [Settings, *Section.__subclasses__()]
    silent = [
        f"{m.__name__}.{n}" for m in models for n, f in m.model_fields.items() if not f.description
    ]
    assert silent == []


def test_the_page_is_made_of_the_settings_as_they_are():
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m scripts.settings_doc"
