"""What people ring for: matters in two levels, as a scheme with a version."""

import re
from dataclasses import dataclass

from tickets.model import ServiceClass

MATTER_CODE = re.compile(r"[0-9]{2}([0-9]{2})?", re.ASCII)
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Matter:
    """`code` has two digits on the first level and four on the second: 01 water, 0101 burst pipe.

    service_class: of the caller's key if nobody says otherwise; a first level has none of its own.
    """

    code: str
    name: str
    name_en: str
    service_class: ServiceClass | None

    @property
    def parent(self) -> str | None:
        return self.code[:2] if len(self.code) > 2 else None


@dataclass(frozen=True, slots=True)
class MatterScheme:
    """A ticket keeps its matter's code and this version, so that an old one still says what it did.

    version: whatever differs in a code, a name or a class is another version.
    """

    scheme: str
    version: str
    matters: tuple[Matter, ...]

    def find(self, text: str) -> Matter | None:
        """By its code, or by its Chinese name if only one matter is called so."""
        text = text.strip()
        exact = [matter for matter in self.matters if matter.code == text]
        named = exact or [matter for matter in self.matters if matter.name == text]
        return named[0] if len(named) == 1 else None


def matter_and_above(code: str | None) -> list[str]:
    """Narrowest first: 0101 -> 0101, 01."""
    if not code:
        return []
    return [code, code[:2]] if len(code) > 2 else [code]
