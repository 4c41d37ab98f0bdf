"""An installation that fails in the middle: what served before still serves."""

import errno
import os
import shutil
import subprocess

import pytest

from scripts.siting import bundle
from scripts.siting.chosen import Chosen
from scripts.siting.install import install_steps
from scripts.siting.places import Places
from scripts.siting.steps import InstallFailed, Step, run_steps
from scripts.siting.switch import complete, serving, switch_to
from scripts.siting.written import link
from tests.integration.siting.conftest import ONE, TWO, install
from tests.namespaces import may_unshare
from tests.site_bundle import ROOT, add_sums, tree

needs_namespaces = pytest.mark.skipif(not may_unshare(), reason="may not unshare")


@pytest.fixture
def broken(bundles, tmp_path):
    """Its sums agree, but a package in it is not the one that its lock names."""
    folder = tmp_path / TWO
    shutil.copytree(bundles[TWO], folder)
    lock = folder / "requirements.lock"
    lock.write_text(lock.read_text().split("sha256:")[0] + "sha256:" + 64 * "0" + "\n")
    add_sums(folder)
    return folder


def test_a_step_that_fails_in_the_middle_leaves_what_serves_alone(installed, broken):
    was = tree(installed.root)
    done = install(installed.root, "--bundle", broken)
    assert done.returncode == 1
    assert "HASH" in done.stderr.upper()
    assert "mend:" in done.stderr
    assert f"serving: {ONE}, as before" in done.stderr
    now, folder = tree(installed.root), "opt/livelihood110/releases"
    del was[folder], now[folder]  # a release was there for a while: its time has changed
    assert now == was


def test_control_switched_before_it_is_built_nothing_whole_serves(installed, broken):
    early = Step("serve", lambda: False, lambda: link(installed.current, f"releases/{TWO}"))
    steps = install_steps(installed, bundle.read(broken), Chosen())
    with pytest.raises(InstallFailed):
        run_steps([early, *steps], dry=False)
    assert not complete(installed, serving(installed) or "")


def test_what_is_not_whole_is_never_switched_to(installed):
    installed.release(TWO).mkdir()
    with pytest.raises(InstallFailed, match="not complete"):
        switch_to(installed, TWO)
    assert serving(installed) == ONE


def test_after_a_failure_the_same_command_with_a_good_bundle_mends_all(installed, broken, bundles):
    install(installed.root, "--bundle", broken)
    done = install(installed.root, "--bundle", bundles[TWO])
    assert done.returncode == 0, done.stderr
    assert serving(installed) == TWO


def no_more_links(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_disk_that_fails_in_the_switch_leaves_the_link(installed, monkeypatch):
    monkeypatch.setattr("pathlib.Path.symlink_to", no_more_links)
    with pytest.raises(OSError, match="space"):
        link(installed.current, f"releases/{TWO}")
    assert serving(installed) == ONE


def test_control_without_the_atomic_switch_it_leaves_none(installed, monkeypatch):
    monkeypatch.setattr("pathlib.Path.symlink_to", no_more_links)
    installed.current.unlink()
    with pytest.raises(OSError, match="space"):
        installed.current.symlink_to(f"releases/{TWO}")
    assert serving(installed) is None


@pytest.mark.parametrize("harm", ["changed", "added", "cut"])
def test_a_damaged_bundle_is_refused_before_anything_is_changed(first, bundles, tmp_path, harm):
    folder = tmp_path / "bundle"
    shutil.copytree(bundles[TWO], folder)
    if harm == "changed":
        with (folder / "checkout.tar").open("r+b") as file:
            file.seek(4096)
            file.write(b"harm")
    elif harm == "added":
        (folder / "wheels/other-1-py3-none-any.whl").write_bytes(b"")
    else:
        os.truncate(folder / "checkout.tar", 4096)
    was = tree(first)
    done = install(first, "--bundle", folder)
    assert done.returncode == 1
    assert "damaged" in done.stderr
    assert "mend:" in done.stderr
    assert tree(first) == was


def test_a_bundle_for_another_python_is_refused_and_says_what_to_do(first, bundles, tmp_path):
    folder = tmp_path / "bundle"
    shutil.copytree(bundles[TWO], folder)
    manifest = folder / bundle.MANIFEST
    manifest.write_text(manifest.read_text().replace('"python": "3.', '"python": "9.'))
    add_sums(folder)
    done = install(first, "--bundle", folder)
    assert done.returncode == 1
    assert "is for Python 9." in done.stderr


@needs_namespaces
def test_a_disk_that_is_full_in_the_middle_leaves_what_serves_alone(installed, bundles):
    """A disk of its own, filled up to 2 MB after the first release was put on it."""
    script = """set -e
        size=$(du -sm "$1/opt" | cut -f1)
        mkdir "$1/full" && mount -t tmpfs -o size=$((size + 2))m none "$1/full"
        cp -a "$1/opt/." "$1/full/" && mount --bind "$1/full" "$1/opt"
        status=0; "$2/scripts/install" --root "$1" --bundle "$3" || status=$?
        cd "$1/opt/livelihood110" && echo "$status $(readlink current) $(ls releases)"
    """
    words = ["unshare", "-m", "bash", "-c", script, "bash", installed.root, ROOT, bundles[TWO]]
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.stdout.split() == ["1", f"releases/{ONE}", ONE], done.stderr
    assert "the disk is full" in done.stderr


@needs_namespaces
def test_it_needs_no_network(root, bundles):
    """In a name space with no interface that is up, not even loopback."""
    words = ["unshare", "-n", ROOT / "scripts/install", "--root", root, "--bundle", bundles[ONE]]
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert serving(Places(root)) == ONE


def test_control_what_the_bundle_lacks_comes_from_nowhere(root, bundles, tmp_path):
    """Not from an index either, though this machine may reach one."""
    folder = tmp_path / "bundle"
    shutil.copytree(bundles[ONE], folder)
    (folder / "wheels/lent-1-py3-none-any.whl").unlink()
    lock = folder / "requirements.lock"
    lock.write_text((ROOT / "requirements/runtime.lock").read_text())
    add_sums(folder)
    done = install(root, "--bundle", folder)
    assert done.returncode == 1
    assert "No matching distribution" in done.stderr
    assert serving(Places(root)) is None


def test_nothing_is_changed_while_another_installation_runs(first, bundles):
    lock = Places(first).lock
    was = tree(first)
    command = ["flock", str(lock), "bash", "-c", 'read -r _ && "$0" "$@" >&2; echo $?']
    words = [*command, ROOT / "scripts/install", "--root", first, "--bundle", bundles[TWO]]
    done = subprocess.run(
        [str(word) for word in words], input="go\n", capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "1"
    assert "another installation runs" in done.stderr
    assert tree(first) == was
