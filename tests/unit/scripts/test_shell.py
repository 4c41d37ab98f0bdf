"""The shell entries: any folder, any link, an empty environment."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
BARE = {"PATH": "/usr/bin:/bin"}


def run(*command, cwd="/", env=BARE):
    return subprocess.run(
        list(map(str, command)), cwd=cwd, env=env, capture_output=True, text=True, check=False
    )


@pytest.fixture
def checkout(tmp_path):
    """A fresh clone: the scripts, and nothing set up."""
    target = tmp_path / "a checkout"
    shutil.copytree(ROOT / "scripts", target / "scripts")
    shutil.copytree(ROOT / "requirements", target / "requirements")
    return target


def test_l110_says_how_to_set_up_when_nothing_is(checkout):
    answer = run(checkout / "scripts/l110", "status")
    assert answer.returncode == 2
    assert f"{checkout}/scripts/setup" in answer.stderr


def test_l110_works_through_a_link_from_any_folder(checkout, tmp_path):
    python = checkout / "var/venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$PYTHONPATH" "$@"\n')
    python.chmod(0o755)
    link = tmp_path / "l110"
    link.symlink_to(checkout / "scripts/l110")
    answer = run(link, "calls", "list")
    assert answer.stdout == f"{checkout} -m scripts calls list\n"


def test_setup_check_changes_nothing_and_names_what_is_missing(checkout):
    answer = run(checkout / "scripts/setup", "--check")
    assert answer.returncode == 1
    assert "the Python environment" in answer.stderr
    assert "prompts" in answer.stderr
    assert not (checkout / "var/venv").exists()


def test_an_unknown_tier_is_refused_before_any_set_up(checkout):
    answer = run(checkout / "scripts/test", "unti")
    assert answer.returncode == 1
    assert "unknown tier unti" in answer.stderr


@pytest.mark.parametrize("script", ["setup", "test"])
def test_help_is_printed_without_set_up(checkout, script):
    answer = run(checkout / "scripts" / script, "--help")
    assert answer.returncode == 0
    assert f"scripts/{script}" in answer.stdout
    assert not (checkout / "var/venv").exists()
