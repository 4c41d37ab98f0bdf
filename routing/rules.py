"""A rules file becomes a rule set, or is refused with every fault and its line."""

import hashlib
from itertools import combinations
from typing import Any

from routing.model import Target
from routing.problems import Faults, Problem, RuleSetRejected
from routing.rules_fields import Table, label, shown, unknown
from routing.rules_text import decoded, table_of
from routing.ruleset import Hours, LanguageKey, Lines, Menu, Rule, RuleSet
from routing.toml_lines import field_lines, skeleton

__all__ = [
    "Hours",
    "LanguageKey",
    "Lines",
    "Menu",
    "Problem",
    "Rule",
    "RuleSet",
    "RuleSetRejected",
    "parse_rules",
]

LANGUAGES = ("zh", "en")  # those that have prompts
MAX_RULES = 200
TABLES = ("menu", "language", "rule", "default")
MENU_FIELDS = ("enabled", "language", "patience_s", "wrong_keys_allowed")
CONDITIONS = ("hours", "when_lines_in_use", "caller_marks", "unless_caller_marks")
RULE_FIELDS = ("id", "key", "target", "marks", *CONDITIONS)


def parse_rules(text: str | bytes, source: str) -> RuleSet:
    """Read and check a rules file; `source` is the name that its problems show.

    Raises:
        RuleSetRejected: with every problem that could be found, each with its line.
    """
    content = decoded(text, source)
    data = table_of(content, source)
    faults = Faults(source, field_lines(skeleton(content)))
    for name in data.keys() - set(TABLES):
        faults.add(label(name), unknown(name, TABLES))
    menu = _menu(Table(_table(data, "menu", faults), "menu", faults))
    languages = [_language(table) for table in _tables(data, "language", faults)]
    tables = _tables(data, "rule", faults)
    rules = [_rule(table) for table in tables]
    _default(data, faults)
    _refuse_cycles(menu, languages, faults)
    _refuse_clashes(languages, rules, faults)
    _refuse_same_ids(tables)
    _refuse_overlaps(rules, faults)
    faults.raise_if_any()
    return RuleSet(
        version=hashlib.sha256(content.encode()).hexdigest()[:8],
        text=content,
        source=source,
        menu=menu,
        languages=tuple(entry for entry in languages if entry),
        rules=tuple(rule for rule in rules if rule),
    )


def _table(data: dict[str, Any], name: str, faults: Faults) -> dict[str, Any]:
    value = data.get(name, {})
    if isinstance(value, dict):
        return value
    faults.add(name, f"must be a table: write [{name}] and its fields below")
    return {}


def _tables(data: dict[str, Any], name: str, faults: Faults) -> list[Table]:
    value = data.get(name, [])
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        faults.add(name, f"must be a list of tables: write [[{name}]] with two brackets")
        return []
    if len(value) > MAX_RULES:
        faults.add(name, f"{len(value)} entries; at most {MAX_RULES} are allowed: join some")
        return []
    return [Table(entry, f"{name}[{n}]", faults) for n, entry in enumerate(value, start=1)]


def _menu(table: Table) -> Menu:
    table.allow(MENU_FIELDS)
    language = table.one_of("language", LANGUAGES) if "language" in table.data else "zh"
    return Menu(
        enabled=table.flag("enabled", default=True),
        language=language or "zh",
        patience_s=table.number("patience_s", 0.5, 10, default=2.0),
        wrong_keys_allowed=table.whole("wrong_keys_allowed", 0, 3, default=1),
    )


def _language(table: Table) -> LanguageKey | None:
    table.allow(("key", "language"))
    key, language = table.key(), table.one_of("language", LANGUAGES)
    return LanguageKey(key, language) if key and language else None


def _rule(table: Table) -> Rule | None:
    table.allow(RULE_FIELDS)
    rule_id, key, target = table.name("id"), table.key(), table.one_of("target", tuple(Target))
    marks, hours, lines = table.marks("marks"), table.hours(), table.lines()
    wanted, unwanted = table.marks("caller_marks"), table.marks("unless_caller_marks")
    if wanted & unwanted:
        table.wrong("unless_caller_marks", "asks for a mark and its absence: it would never hold")
    if not (rule_id and key and target):
        return None
    return Rule(rule_id, key, Target(target), marks, hours, lines, wanted, unwanted)


def _default(data: dict[str, Any], faults: Faults) -> None:
    """Without a police default a call in doubt would have nowhere to go."""
    mend = 'add [default] with target = "police"'
    if "default" not in data:
        faults.add("default", f"is missing: {mend}")
        return
    table = Table(_table(data, "default", faults), "default", faults)
    table.allow(("target",))
    target = table.data.get("target")
    if target != Target.POLICE:
        table.wrong("target", f"must be the police, not {shown(target)}: {mend}")


def _refuse_cycles(menu: Menu, languages: list[LanguageKey | None], faults: Faults) -> None:
    reached = {menu.language: "the menu begins in it"}
    for n, entry in enumerate(languages, start=1):
        if entry is None:
            continue
        if entry.language in reached:
            why = reached[entry.language]
            message = f"cycle: leads back to {entry.language} ({why}): remove this entry"
            faults.add(f"language[{n}].language", message)
        reached.setdefault(entry.language, f"key {entry.key} leads to it already")


def _refuse_clashes(
    languages: list[LanguageKey | None], rules: list[Rule | None], faults: Faults
) -> None:
    owner: dict[str, str] = {}
    for n, entry in enumerate(languages, start=1):
        if entry and entry.key in owner:
            faults.add(f"language[{n}].key", f"key {entry.key} is taken by {owner[entry.key]}")
        elif entry:
            owner[entry.key] = f"language[{n}] ({entry.language})"
    for n, rule in enumerate(rules, start=1):
        if rule and rule.key in owner:
            message = f"key {rule.key} is taken by {owner[rule.key]}: give one of them another key"
            faults.add(f"rule[{n}].key", message)


def _refuse_same_ids(tables: list[Table]) -> None:
    first: dict[str, str] = {}
    for table in tables:
        rule_id = table.data.get("id")
        if isinstance(rule_id, str) and first.setdefault(rule_id, table.path) != table.path:
            table.wrong("id", f"{shown(rule_id)} is the id of {first[rule_id]} too: rename one")


def _refuse_overlaps(rules: list[Rule | None], faults: Faults) -> None:
    for (one_n, one), (n, other) in combinations(enumerate(rules, start=1), 2):
        if one and other and one.overlaps(other):
            first = faults.lines.get(f"rule[{one_n}]", 1)
            message = (
                f"overlap: key {other.key} already means rule {one.id} (line {first}) in some"
                " call: give the two conditions that exclude each other, or remove one"
            )
            faults.add(f"rule[{n}].key", message)
