"""What is wrong with a dispatch catalogue: gaps, overlaps, names that nobody has."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from tickets.catalogue import ANY, BY_PLACE, DispatchRule, RuleBook
from tickets.matters import matter_and_above
from tickets.network import area_and_above

GAP, OVERLAP, UNKNOWN, NOBODY, CROSSING = "gap", "overlap", "unknown", "nobody", "crossing"
# A crossing is decided by a rule that docs/catalogue.md states, so it is told and is no fault.
FAULTS = frozenset({GAP, OVERLAP, UNKNOWN, NOBODY})


@dataclass(frozen=True, slots=True)
class Finding:
    kind: str
    subject: str
    says: str

    @property
    def is_fault(self) -> bool:
        return self.kind in FAULTS


@dataclass(frozen=True, slots=True)
class Ground:
    """What the rules have to cover, and the names they may use.

    matters, areas: every code that is in force, both levels.
    deadline_classes: None if they are not known here.
    """

    matters: Collection[str]
    areas: Collection[str]
    units: Collection[str]
    area_units: Mapping[str, str]
    deadline_classes: Collection[str] | None = None


def check_catalogue(rules: Iterable[DispatchRule], ground: Ground) -> list[Finding]:
    """Faults first; nothing if every matter in every area has one unit that exists."""
    rules = sorted(rules, key=lambda rule: rule.rule)
    found = [
        *_unknown(rules, ground),
        *_overlaps(rules),
        *_gaps(RuleBook(rules, ground.area_units), ground),
        *_crossings(rules),
    ]
    return sorted(found, key=lambda each: not each.is_fault)


def _unknown(rules: list[DispatchRule], ground: Ground) -> Iterator[Finding]:
    units = {*ground.units, *BY_PLACE}
    for rule in rules:
        named = [("matter", rule.matter, {*ground.matters, ANY})]
        named.append(("area", rule.area, {*ground.areas, ANY}))
        named += [("unit", unit, units) for unit in (rule.unit, *rule.co_units)]
        if ground.deadline_classes is not None:
            named.append(("deadline class", rule.deadline_class, {*ground.deadline_classes}))
        for what, name, known in named:
            if name not in known:
                says = f"{what} {name} is not in force: correct the rule, or load it first"
                yield Finding(UNKNOWN, rule.rule, says)


def _overlaps(rules: list[DispatchRule]) -> Iterator[Finding]:
    first: dict[tuple[str, str], DispatchRule] = {}
    for rule in rules:
        other = first.setdefault((rule.matter, rule.area), rule)
        if other is not rule:
            says = f"{other.rule} has matter {rule.matter} in area {rule.area} too: keep one"
            yield Finding(OVERLAP, rule.rule, says)


def _gaps(book: RuleBook, ground: Ground) -> Iterator[Finding]:
    for matter in sorted(each for each in ground.matters if _is_lowest(each, ground.matters)):
        gaps: dict[str, list[str]] = {}
        for area in sorted(ground.areas):
            if (kind := _missing(book, matter, area)) is not None:
                gaps.setdefault(kind, []).append(area)
        for kind, areas in gaps.items():
            where = "every area" if len(areas) == len(ground.areas) else ", ".join(areas)
            no = "no rule holds" if kind == GAP else "the rule names no unit that is known"
            yield Finding(kind, f"{matter} in {where}", no)


def _missing(book: RuleBook, matter: str, area: str) -> str | None:
    suggestion = book.suggest(matter, area)
    if suggestion is None:
        return GAP
    return NOBODY if suggestion.unit is None else None


def _is_lowest(matter: str, matters: Collection[str]) -> bool:
    return not any(other != matter and matter in matter_and_above(other) for other in matters)


def _crossings(rules: list[DispatchRule]) -> Iterator[Finding]:
    """One rule is narrower in the matter, the other in the area, and none is made for both."""
    keys = {(rule.matter, rule.area) for rule in rules}
    for one, other in combinations(rules, 2):
        for a, b in ((one, other), (other, one)):
            narrower = _below(a.matter, b.matter, matter_and_above(a.matter))
            wider = _below(b.area, a.area, area_and_above(b.area))
            if narrower and wider and (a.matter, b.area) not in keys:
                says = f"matter {a.matter} in area {b.area} goes by {a.rule}, not by {b.rule}"
                yield Finding(CROSSING, a.rule, says)


def _below(narrow: str, wide: str, above: list[str]) -> bool:
    """Whether `narrow` lies within `wide` and is not the same."""
    return narrow != wide and narrow != ANY and (wide == ANY or wide in above)
