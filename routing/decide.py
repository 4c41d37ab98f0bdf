"""Where a 110 call goes."""

from routing.menu import walk
from routing.model import Mark, Question, Target, Verdict, aware
from routing.ruleset import RuleSet


def decide(question: Question, rules: RuleSet) -> Verdict:
    """Choose where a 110 call goes. Total: it never raises, and every doubt goes to the police.

    Reasons: `rule`; `no-key`; `wrong-key` (more often than allowed); `no-rule-for-key` (its rules
    do not hold now); `menu-off`; `prompt-failed`; `unfinished` (the menu would ask on);
    `broken-input`.
    """
    try:
        return _decide(question, rules)
    except Exception:
        # Whatever is wrong with the question or the rules, this caller must not wait for it.
        version = getattr(rules, "version", "-")
        return Verdict(Target.POLICE, "broken-input", rules_version=str(version))


def _decide(question: Question, rules: RuleSet) -> Verdict:
    _check(question)
    place = walk(question.keys, rules)
    if place.unheard:
        raise ValueError("keys after the end of the menu")
    if question.prompt_failed:
        return _police("prompt-failed", None, place.language, rules)
    if place.end != "key" or place.key is None:
        reason = place.end or "unfinished"
        return _police(reason, place.key, place.language, rules)
    rule = rules.match(place.key, question)
    if rule is None:
        return _police("no-rule-for-key", place.key, place.language, rules)
    return Verdict(
        rule.target, "rule", place.key, rule.id, rules.version, place.language, rule.marks
    )


def _police(reason: str, key: str | None, language: str, rules: RuleSet) -> Verdict:
    return Verdict(Target.POLICE, reason, key, rules_version=rules.version, language=language)


def _check(question: Question) -> None:
    aware(question.at)
    if question.lines_in_use < 0:
        raise ValueError("fewer than no lines are in use")
    if not all(key is None or isinstance(key, str) for key in question.keys):
        raise TypeError("a key is text or nothing")
    if not all(isinstance(mark, Mark) for mark in question.caller_marks):
        raise TypeError("an unknown mark of the caller")
    if not isinstance(question.prompt_failed, bool):
        raise TypeError("a prompt has failed or it has not")
