"""A site's installation, into a folder: again, beside, back, away."""

import re
import shutil
import subprocess

import pytest

from scripts.siting.places import Places
from scripts.siting.switch import before, serving
from tests.integration.siting.conftest import ONE, TWO, install
from tests.site_bundle import SYSTEM_PYTHON, tree

ANALYZE = shutil.which("systemd-analyze") or ""
needs_systemd = pytest.mark.skipif(not ANALYZE, reason="systemd is not installed")


def unit(places: Places, name: str) -> str:
    """As systemd would read it if the folder were the root of a host."""
    return (places.units / name).read_text()


def test_the_second_installation_changes_nothing(first, bundles):
    was = tree(first)
    done = install(first, "--bundle", bundles[ONE])
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("already there") == len(re.findall(r"(?m)^\[\d+/\d+\]", done.stderr))
    assert tree(first) == was


def test_a_dry_run_says_all_and_changes_nothing(root, bundles):
    done = install(root, "--bundle", bundles[ONE], "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "release aaaaaaaaaaaa: program, packages, prompts: would be done" in done.stderr
    assert tree(root) == {}


def test_a_dry_run_beside_a_release_changes_nothing(first, bundles):
    was = tree(first)
    assert install(first, "--bundle", bundles[TWO], "--dry-run").returncode == 0
    assert install(first, "--uninstall", "--purge", "--dry-run").returncode == 0
    assert tree(first) == was


def test_secrets_and_settings_are_closed_to_others(first):
    etc = first / "etc/livelihood110"
    secrets = list((etc / "secrets").iterdir())
    assert {path.name for path in secrets} == {
        "ami-reader", "ami-actor", "asterisk-metrics", "desk-codes", "answer-links", "webhook",
    }  # fmt: skip
    assert all(path.stat().st_mode & 0o077 == 0 for path in [*secrets, etc / "secrets"])
    assert (etc / "site.toml").stat().st_mode & 0o7777 == 0o640
    for folder in (etc, first / "var/lib/livelihood110"):
        assert folder.stat().st_mode & 0o027 == 0


def test_nobody_but_root_may_change_a_release(first):
    opt = first / "opt/livelihood110"
    wide = [p for p in opt.rglob("*") if not p.is_symlink() and p.stat().st_mode & 0o022]
    assert wide == []


def test_a_second_release_stands_beside_the_first_and_the_way_back_is_one_option(
    installed, bundles
):
    settings = installed.settings.read_text() + "# ours\n"
    installed.settings.write_text(settings)
    wants = installed.units / "multi-user.target.wants/l110.target"
    wants.parent.mkdir()
    wants.symlink_to(f"/opt/livelihood110/releases/{ONE}/var/systemd/l110.target")  # as systemctl
    done = install(installed.root, "--bundle", bundles[TWO])
    assert done.returncode == 0, done.stderr
    assert str(wants.readlink()) == "../l110.target"
    assert (serving(installed), before(installed)) == (TWO, ONE)
    assert f"releases/{TWO}/" in unit(installed, "l110-ivr.service")
    back = install(installed.root, "--roll-back")
    assert back.returncode == 0, back.stderr
    assert (serving(installed), before(installed)) == (ONE, TWO)
    assert f"releases/{ONE}/" in unit(installed, "l110-ivr.service")
    assert installed.settings.read_text() == settings
    assert installed.release(TWO).is_dir()


def test_without_a_former_release_there_is_no_way_back_and_it_says_so(first):
    done = install(first, "--roll-back")
    assert done.returncode == 1
    assert "no former release" in done.stderr
    assert "mend:" in done.stderr


def test_old_releases_go_only_when_asked(installed, bundles):
    third = installed.release("cccccccccccc")
    third.mkdir()
    assert install(installed.root, "--bundle", bundles[TWO]).returncode == 0
    assert third.is_dir()
    assert install(installed.root, "--prune").returncode == 0
    assert not third.exists()
    assert {p.name for p in installed.releases.iterdir()} == {ONE, TWO}


def test_uninstalling_leaves_records_and_settings(installed):
    record = installed.var / "store.sqlite3"
    record.write_text("a record")
    wants = installed.units / "multi-user.target.wants/l110.target"
    wants.parent.mkdir()
    wants.symlink_to(installed.units / "l110.target")
    assert install(installed.root, "--uninstall").returncode == 0
    assert record.read_text() == "a record"
    assert installed.settings.is_file()
    assert (installed.secrets / "ami-actor").is_file()
    assert not installed.home.exists()
    assert not installed.launcher.exists()
    assert not wants.is_symlink()
    assert list(installed.units.glob("l110*")) == []


def test_purging_takes_these_too(installed):
    assert install(installed.root, "--uninstall", "--purge").returncode == 0
    assert not installed.etc.exists()
    assert not installed.var.exists()


def test_purging_alone_is_refused(first):
    was = tree(first)
    assert install(first, "--purge").returncode == 1
    assert tree(first) == was


@pytest.fixture
def host(installed):
    """With what a host has: systemd's own units, and a Python."""
    shutil.copytree("/usr/lib/systemd/system", installed.at("/usr/lib/systemd/system"))
    python = installed.at(SYSTEM_PYTHON)
    python.parent.mkdir(parents=True)
    python.touch(mode=0o755)
    return installed


@needs_systemd
def test_systemd_finds_no_fault_with_what_was_installed(host):
    done = verify(host)
    assert (done.returncode, ours(done)) == (0, []), done.stderr


@needs_systemd
def test_control_systemd_finds_a_fault_in_an_installed_unit(host):
    path = host.release(ONE) / "var/systemd/l110-ivr.service"
    path.write_text(path.read_text().replace("MemoryMax=", "MemoryMost="))
    assert any("MemoryMost" in line for line in ours(verify(host)))


def verify(places: Places) -> subprocess.CompletedProcess[str]:
    """Offline and through the links."""
    units = sorted(path.name for path in places.units.glob("l110*"))
    assert len(units) == 8
    command = [ANALYZE, "verify", f"--root={places.root}", "--man=no", *units]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def ours(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in done.stderr.splitlines() if "l110" in line]


def test_the_units_name_the_release_and_no_place_of_the_installing_machine(first):
    for path in Places(first).units.glob("l110*"):
        text = unit(Places(first), path.name)
        assert str(first) not in text
        if path.suffix == ".service":
            assert f"ExecStart=/opt/livelihood110/releases/{ONE}/var/venv/bin/python" in text


def test_includes_for_a_sites_own_asterisk_come_with_the_lines_to_add(installed, bundles):
    done = install(installed.root, "--bundle", bundles[ONE], "--into-asterisk", "/etc/asterisk")
    assert done.returncode == 0, done.stderr
    folder = installed.release(ONE) / "var/includes"
    assert "#include l110/extensions.conf" in (folder / "ADD-THESE-LINES.txt").read_text()
    assert all(path.stat().st_mode & 0o7777 == 0o640 for path in folder.iterdir())
    assert str(installed.root) not in "".join(p.read_text() for p in folder.iterdir())
    names = {path.name for path in installed.units.glob("l110*")}
    assert not names & {"l110-asterisk.service", "l110-keep.service"}
    assert "asterisk" not in (installed.release(ONE) / "var/systemd/l110.target").read_text()
    link = installed.root / "etc/asterisk/l110"
    assert str(link.readlink()) == "/opt/livelihood110/current/var/includes"
    install(installed.root, "--uninstall")
    assert not link.is_symlink()
