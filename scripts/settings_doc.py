"""Writes docs/settings.md from the settings themselves."""

import json
import tomllib
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from config.fields import Section
from config.settings import DEFAULTS, NESTED, PREFIX, ROOT, Settings

PAGE = ROOT / "docs" / "settings.md"
HEAD = """\
# Settings

<!-- Made by `var/venv/bin/python -m scripts.settings_doc`: do not edit. -->

A later source wins, key by key; a list is replaced as a whole:

1. `config/defaults.toml`, which holds every setting;
2. `config/profiles/<profile>/settings.toml`, if `profile` names a city;
3. your own file: `l110 --config FILE` or `L110_CONFIG=FILE`;
4. the environment: `L110_` and the name, with `__` between table and key (`L110_SIP__PORT=5070`);
   lists and tables are written as JSON.

An unknown key is refused and named with its file. Secrets are no settings: `l110 up` makes them
below `<var_dir>/secrets/`, readable by their owner only.
"""
SETUP = """
## Variables of set-up

Read by `scripts/setup` only, before there are settings.

| variable | default | meaning |
|---|---|---|
| `L110_DEBIAN_MIRROR` | Debian's own | Mirror from which Asterisk is downloaded. |
| `L110_DEBIAN_SUITE` | `forky` | Debian suite whose Asterisk is taken. |
"""


def page() -> str:
    defaults = tomllib.loads(DEFAULTS.read_text(encoding="utf-8"))
    top = {name: f for name, f in Settings.model_fields.items() if _section(f) is None}
    parts = [HEAD, "\n## Top level\n\n", *_table(top, defaults, ())]
    for name, field in Settings.model_fields.items():
        if section := _section(field):
            parts.append(f"\n## [{name}]\n\n{field.description}\n\n")
            parts += _table(section.model_fields, defaults.get(name, {}), (name,))
    return "".join([*parts, SETUP])


def _section(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, Section) else None


def _table(
    fields: dict[str, FieldInfo], values: dict[str, Any], above: tuple[str, ...]
) -> list[str]:
    rows = ["| key | default | meaning | variable |\n|---|---|---|---|\n"]
    for name, field in fields.items():
        default = _cell(json.dumps(values.get(name), ensure_ascii=False))
        says = _cell(" ".join([field.description or "", *_columns(field)]))
        variable = PREFIX + NESTED.join((*above, name)).upper()
        rows.append(f"| `{name}` | `{default}` | {says} | `{variable}` |\n")
    return rows


def _columns(field: FieldInfo) -> Iterator[str]:
    """A list of tables explains its keys in the same cell."""
    for inner in get_args(field.annotation):
        if isinstance(inner, type) and issubclass(inner, Section):
            for name, column in inner.model_fields.items():
                yield f"`{name}`: {column.description}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> None:
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
