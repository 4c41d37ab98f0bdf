"""Rules, scrape configuration and dashboards: checked by promtool, and each alert has its mend."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from config.settings import ROOT, load_settings
from ivr.alarms import ALARMS
from tests.monitoring import (
    DASHBOARDS,
    MONITORING,
    RULE_TESTS,
    RULES,
    alerts,
    dashboards,
    expressions,
    metrics_in,
    metrics_named,
)
from tests.real_asterisk.figures import addresses

OWN = ROOT / "var/promtool/promtool"
PROMTOOL = shutil.which("promtool") or (str(OWN) if OWN.exists() else "")
needs_promtool = pytest.mark.skipif(not PROMTOOL, reason="scripts/setup --tests fetches promtool")
HEADING = re.compile(r"(?m)^#+ (.+)$")
RUNBOOK_LINE = re.compile(r"(?m)^ +runbook: '(.*)'$")
SELDOM = "evaluation_interval: 10m"  # enough for what does not change, and a twentieth of the time
PASSWORD_FILE = "/etc/prometheus/l110-asterisk-metrics"


def promtool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROMTOOL, *map(str, words)], capture_output=True, text=True, check=False, timeout=180
    )


def anchor(heading: str) -> str:
    """As a forge makes it out of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def anchors() -> set[str]:
    text = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
    return {anchor(heading) for heading in HEADING.findall(text)}


def places(told: str) -> set[str]:
    """Where a `runbook` leads; one that names the node's alarm leads to each of them."""
    named = ALARMS if "$labels.alarm" in told else [""]
    return {told.replace("{{ $labels.alarm }}", alarm) for alarm in named}


@pytest.mark.parametrize("alert", alerts())
def test_an_alert_leads_to_a_place_in_the_runbook_that_is_there(alert):
    (told,) = RUNBOOK_LINE.findall(alerts()[alert])
    for place in places(told):
        page, _, name = place.partition("#")
        assert page == "docs/runbook.md"
        assert name in anchors(), place


def test_control_a_place_that_is_not_there_would_be_found():
    assert "a-place-of-nowhere" not in anchors()
    assert len(places("docs/runbook.md#alarm-{{ $labels.alarm }}")) == len(ALARMS)


@pytest.mark.parametrize("alert", alerts())
def test_an_alert_has_a_severity_and_both_languages(alert):
    text = alerts()[alert]
    assert re.search(r"severity: (critical|warning) ", text)
    assert re.search(r"summary: '[^'\u4e00-\u9fff]+'|summary: '.*'", text)
    assert re.search(r"summary_zh: '.*[\u4e00-\u9fff].*'", text)


@needs_promtool
def test_promtool_accepts_rules_and_scrape_configuration(tmp_path):
    assert promtool("check", "rules", RULES).returncode == 0
    shutil.copytree(MONITORING / "rules", tmp_path / "rules")
    password = tmp_path / "password"
    password.touch()
    text = (MONITORING / "prometheus.yml").read_text(encoding="utf-8")
    assert PASSWORD_FILE in text
    config = tmp_path / "prometheus.yml"
    config.write_text(text.replace(PASSWORD_FILE, str(password)), encoding="utf-8")
    checked = promtool("check", "config", config)
    assert checked.returncode == 0, checked.stderr
    assert f"{len(alerts())} rules found" in checked.stdout


@needs_promtool
def test_each_alert_fires_when_it_should_and_not_when_it_should_not():
    tested = promtool("test", "rules", RULE_TESTS)
    assert tested.returncode == 0, tested.stdout + tested.stderr
    cases = re.findall(r"(?m)^ +- name: (\w+) (fires|control)$", RULE_TESTS.read_text("utf-8"))
    assert set(cases) == {(alert, kind) for alert in alerts() for kind in ("fires", "control")}


@needs_promtool
@pytest.mark.parametrize("always", ["vector(1) < 0", "vector(1)"])
def test_control_an_alert_that_never_or_always_fires_is_found_by_its_test(tmp_path, always):
    rules = re.sub(r"(?m)^( +expr: ).*$", rf"\g<1>'{always}'", RULES.read_text("utf-8"))
    rules = re.sub(r"(?m)^ +for: .*\n", "", rules)
    tests = RULE_TESTS.read_text("utf-8").replace("evaluation_interval: 30s", SELDOM)
    assert SELDOM in tests
    (tmp_path / RULES.name).write_text(rules, encoding="utf-8")
    (tmp_path / RULE_TESTS.name).write_text(tests, encoding="utf-8")
    tested = promtool("test", "rules", tmp_path / RULE_TESTS.name)
    assert tested.returncode != 0
    kind = "fires" if "<" in always else "control"
    said = tested.stdout + tested.stderr
    assert [alert for alert in alerts() if f"name: {alert} {kind}" not in said] == []


@needs_promtool
def test_every_panel_asks_in_words_that_prometheus_understands(tmp_path):
    asked = [(where, text) for where, text in expressions() if not text.startswith("label_values")]
    rules = ["groups:", "- name: panels", "  rules:"]
    for number, (_, text) in enumerate(asked):
        query = text.replace("$__rate_interval", "5m").replace("$node", ".*").replace("'", "''")
        rules += [f"  - record: panel:{number}", f"    expr: '{query}'"]
    file = tmp_path / "panels.yml"
    file.write_text("\n".join(rules), encoding="utf-8")
    checked = promtool("check", "rules", file)
    assert checked.returncode == 0, checked.stderr
    file.write_text(file.read_text("utf-8").replace("sum(", "sum((", 1), encoding="utf-8")
    assert promtool("check", "rules", file).returncode != 0


def test_the_dashboards_are_grafana_s_and_bilingual():
    boards = dashboards()
    assert set(boards) == {"l110-lines", "l110-record", "l110-processes"}
    for name, board in boards.items():
        assert board["uid"] == name
        assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
        for panel in board["panels"]:
            assert panel["datasource"]["uid"] == "${datasource}"
            told = panel["title"]
            assert re.search(r"[\u4e00-\u9fff]", told), told
    assert len(DASHBOARDS) == len(boards)


def test_the_sample_asks_where_the_processes_tell_as_shipped(monkeypatch):
    settings = load_settings()
    text = (MONITORING / "prometheus.yml").read_text(encoding="utf-8")
    asked = dict(re.findall(r'job_name: (\S+)\n(?:.*\n)*?.*targets: \["([^"]+)"\]', text))
    assert asked == {
        job: where.removeprefix("http://") for job, where in addresses(settings).items()
    }


def test_metrics_are_read_out_of_an_expression_and_labels_are_not():
    text = 'sum by (l110_by) (rate(l110_a_total{x="l110_b"}[5m])) / on (l110_c) process_open_fds'
    assert metrics_in(text) == {"l110_a_total", "process_open_fds"}
    assert len(metrics_named()) > 50
