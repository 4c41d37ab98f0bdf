"""The dispatch catalogue (派单目录): which unit a matter in an area goes to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tickets.matters import matter_and_above
from tickets.network import area_and_above

ANY = "*"
# Instead of a unit: the township or street of the ticket's area, or the narrowest that answers
# for it, which is the grid unit of its cell.
ITS_TOWNSHIP, ITS_CELL = "@township", "@cell"
BY_PLACE = frozenset({ITS_TOWNSHIP, ITS_CELL})


@dataclass(frozen=True, slots=True)
class DispatchRule:
    """`matter` and `area` are codes or `*`. A code means everything below it too.

    unit: a unit's code, or one of BY_PLACE.
    """

    rule: str
    matter: str
    area: str
    unit: str
    co_units: tuple[str, ...]
    deadline_class: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`unit` is None where the rule goes by the place, and no unit is known to answer for it."""

    unit: str | None
    co_units: tuple[str, ...]
    deadline_class: str
    rule: str


class RuleBook:
    """Rules by their matter and area; of two for the same, the first by name counts."""

    def __init__(self, rules: Iterable[DispatchRule], area_units: Mapping[str, str]) -> None:
        """area_units: area -> the unit that answers for it."""
        self.area_units = area_units
        self.by_key: dict[tuple[str, str], DispatchRule] = {}
        for rule in sorted(rules, key=lambda each: each.rule):
            self.by_key.setdefault((rule.matter, rule.area), rule)

    def rule_for(self, matter: str | None, area: str | None) -> DispatchRule | None:
        """The narrowest that holds. The matter goes before the area: a duty is given by subject."""
        for of_matter in [*matter_and_above(matter), ANY]:
            for of_area in [*area_and_above(area), ANY]:
                if rule := self.by_key.get((of_matter, of_area)):
                    return rule
        return None

    def suggest(self, matter: str | None, area: str | None) -> Suggestion | None:
        """None: no rule holds, a person decides."""
        rule = self.rule_for(matter, area)
        if rule is None:
            return None
        unit = self._unit(rule.unit, area)
        co_units = [self._unit(each, area) for each in rule.co_units]
        others = dict.fromkeys(each for each in co_units if each and each != unit)
        return Suggestion(unit, tuple(others), rule.deadline_class, rule.rule)

    def _unit(self, unit: str, area: str | None) -> str | None:
        if unit not in BY_PLACE:
            return unit
        places = area_and_above(area)
        if unit == ITS_TOWNSHIP:
            places = places[-1:]
        answering = (self.area_units.get(each) for each in places)
        return next((each for each in answering if each), None)


def responsible_for(
    matter: str | None,
    area: str | None,
    rules: Iterable[DispatchRule],
    area_units: Mapping[str, str] | None = None,
) -> Suggestion | None:
    """Who a ticket of this matter in this area goes to; None if no rule says so.

    area_units: area -> the unit that answers for it, for rules that go by the place.
    """
    return RuleBook(rules, area_units or {}).suggest(matter, area)
