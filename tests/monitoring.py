"""What stands in config/monitoring, as the tests read it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MONITORING = Path(__file__).parents[1] / "config/monitoring"
RULES = MONITORING / "rules/l110.yml"
RULE_TESTS = MONITORING / "rules/l110.test.yml"
DASHBOARDS = sorted((MONITORING / "grafana/dashboards").glob("*.json"))
METRIC = re.compile(r"\b((?:l110|asterisk|process)_[a-z0-9_]+)")
LABELS = re.compile(r"\{[^{}]*\}|\b(?:by|on|ignoring) \([^()]*\)|\"[^\"]*\"")


def dashboards() -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in DASHBOARDS}


def expressions() -> Iterator[tuple[str, str]]:
    """Where it stands, and the PromQL: of every panel and every alert."""
    for name, board in dashboards().items():
        for panel in board["panels"]:
            for target in panel["targets"]:
                yield f"{name}: {panel['title']}", target["expr"]
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                yield f"{name}: ${variable['name']}", variable["query"]["query"]
    for alert, text in alerts().items():
        yield alert, unquoted(re.search(r"(?m)^ +expr: '(.*)'$", text)[1])  # type: ignore[index]


def alerts() -> dict[str, str]:
    """Name -> its lines in the rules."""
    parts = re.split(r"(?m)^ +- alert: (\w+)$", RULES.read_text(encoding="utf-8"))[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def unquoted(text: str) -> str:
    return text.replace("''", "'")


def metrics_in(expression: str) -> set[str]:
    return set(METRIC.findall(LABELS.sub("", expression)))


def metrics_named() -> dict[str, str]:
    """Metric -> one place that names it."""
    return {name: where for where, text in expressions() for name in metrics_in(text)}
