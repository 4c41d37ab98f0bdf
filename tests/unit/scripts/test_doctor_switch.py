"""`l110 doctor --switch` where no call can be made: it says why, and how to mend it."""

import json

import pytest
from click.testing import CliRunner

from scripts.cli.main import l110


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("L110_VAR_DIR", str(tmp_path / "var"))

    def doctor(*options):
        return CliRunner().invoke(l110, ["doctor", *options])

    return doctor


def test_without_a_telephone_and_without_a_test_number_it_asks_for_one(run):
    answer = run("--switch", "--json")
    found = json.loads(answer.stdout)
    assert (answer.exit_code, found["why"], found["judged"]) == (1, "no-number", False)
    assert "--from" in found["mend"]


def test_a_node_that_is_not_up_is_told_in_both_languages(run):
    answer = run("--switch", "--from", "13800000001")
    assert answer.exit_code == 1
    assert "没有运行" in answer.stderr
    assert "l110 up" in answer.stderr


def test_a_site_with_an_asterisk_of_its_own_is_told_so(run, monkeypatch):
    monkeypatch.setenv("L110_RECORDS__CEL_FILE", "/var/log/asterisk/cel-custom/l110.jsonl")
    answer = run("--switch", "--from", "13800000001", "--json")
    assert (answer.exit_code, json.loads(answer.stdout)["why"]) == (1, "not-ours")


@pytest.mark.parametrize(
    "number", ["", "12", "1" * 21, "138 0000", "1;core stop now", "138\n", "++138", "a"]
)
def test_what_is_no_number_never_gets_to_the_console(run, number):
    answer = run("--switch", "--from", number)
    assert answer.exit_code == 2
    assert "3 to 20 digits" in answer.output


def test_a_number_without_switch_is_a_wrong_use(run):
    assert "--from goes with --switch" in run("--from", "13800000001").output
