"""The menu as a walk over the keys that it brought: what to ask next, and when to stop."""

from dataclasses import dataclass

from routing.ruleset import RuleSet


@dataclass(frozen=True, slots=True)
class Prompt:
    """What to play next. `patience_s` is the silence granted after the prompt's own length."""

    name: str
    language: str
    patience_s: float


@dataclass(frozen=True, slots=True)
class Walk:
    """Where the keys led.

    end: why the menu is over ("menu-off", "no-key", "wrong-key", "key"), None if it would ask on.
    key: the key that ended it.
    unheard: keys left over after the end; a menu that is over asks for none, so any is a fault.
    """

    language: str
    end: str | None = None
    key: str | None = None
    unheard: int = 0


def walk(keys: tuple[str | None, ...], rules: RuleSet) -> Walk:
    """Follow the keys through the menu.

    Each language is entered once (its key pressed again there is a wrong key), and a wrong key is
    forgiven `wrong_keys_allowed` times in all, so no caller is ever asked more than
    languages + wrong keys + 1 times.
    """
    language = rules.menu.language
    if not rules.menu.enabled:
        return Walk(language, end="menu-off", unheard=len(keys))
    seen, wrong = {language}, 0
    for count, key in enumerate(keys, start=1):
        unheard = len(keys) - count
        if key is None:
            return Walk(language, "no-key", None, unheard)
        if rules.knows(key):
            return Walk(language, "key", key, unheard)
        other = rules.language_of(key)
        if other is not None and other not in seen:
            language = other
            seen.add(other)
            continue
        wrong += 1
        if wrong > rules.menu.wrong_keys_allowed:
            return Walk(language, "wrong-key", key, unheard)
    return Walk(language)


def next_prompt(keys: tuple[str | None, ...], rules: RuleSet) -> Prompt | None:
    """What to play after these keys; None when there is nothing more to ask."""
    place = walk(keys, rules)
    if place.end is not None:
        return None
    return Prompt("menu", place.language, rules.menu.patience_s)
