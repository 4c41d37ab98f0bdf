"""What the user sees of `l110`."""

import json
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from scripts.cli.main import COMMANDS, l110


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("L110_VAR_DIR", str(tmp_path))
    return lambda *arguments: CliRunner().invoke(l110, list(arguments))


def test_help_lists_what_a_person_may_call_and_hides_the_rest(run):
    shown = run("--help").output
    names = "up", "down", "status", "doctor", "config", "db", "calls", "tickets", "rules", "audit"
    for name in names:
        assert re.search(rf"(?m)^  {name}\b", shown)
    assert "\n  ivr" not in shown
    assert "\n  forward" not in shown


def test_status_of_a_node_that_is_down_is_one(run):
    answer = run("status", "--json")
    assert answer.exit_code == 1
    assert json.loads(answer.stdout)["state"] == "down"


def test_taking_down_what_is_down_is_no_fault(run):
    assert run("down").exit_code == 0


def test_a_misspelt_setting_is_told_without_a_traceback(run, tmp_path):
    site = tmp_path / "site.toml"
    site.write_text("[sip]\nprot = 1\n")
    answer = run("--config", str(site), "status")
    assert answer.exit_code == 1
    assert f"{site}: sip.prot: unknown key" in answer.output


def test_rules_are_checked_with_their_lines(run, tmp_path):
    rules = tmp_path / "rules.toml"
    rules.write_text('[default]\ntarget = "livelihood"\n')
    answer = run("rules", "check", str(rules))
    assert answer.exit_code == 1
    assert f"{rules}:" in answer.output


def test_the_rules_of_this_checkout_may_go_live(run):
    answer = run("rules", "check", "config/rules.toml")
    assert answer.exit_code == 0
    assert "may go live" in answer.output


def test_every_command_is_where_the_list_says(run):
    for name in COMMANDS:
        assert run(name, "--help").exit_code == 0


def test_a_bridge_that_starts_anew_reads_no_command_and_no_sql_store():
    """Each costs the callers of a node whose bridge has died: they wait for it to be back."""
    ask = "import scripts.cli.main, scripts.bridge, sys; print(*sys.modules)"
    asked = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    read = set(asked.stdout.split())
    assert not read & {"alembic", "panoramisk", "sqlalchemy", "scripts.cli.service", "supervisor"}
