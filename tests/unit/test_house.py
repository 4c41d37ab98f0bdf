"""Rules of the house that no linter knows."""

import re
import subprocess
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "agi_scripts", "config", "db", "desk", "dispatch", "ivr", "reports", "routing", "scripts",
    "tickets",
}  # fmt: skip
FOLDERS = PACKAGES | {".ci", "docs", "requirements", "tests"}
STATE = re.compile(r"^(var|\.git|\.hypothesis|\.\w+_cache)/|__pycache__")
LONGEST_FILE = 300
LONG_ON_PURPOSE: set[str] = set()
REGISTRIES = r"pypi\.org|pythonhosted\.org|registry\.npmjs|artifactregistry|crates\.io"
ELSEWHERE = re.compile(rf"{REGISTRIES}|/tmp/lab|/work/|/opt/wheels|/root/".encode())


def tracked() -> list[Path]:
    """Files of the project; without git (an unpacked release) every file that is not state."""
    try:
        asked = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, capture_output=True, check=True,
        )  # fmt: skip
        names = [Path(name.decode()) for name in asked.stdout.split(b"\0") if name]
    except (OSError, subprocess.CalledProcessError):
        files = [f.relative_to(ROOT) for f in ROOT.rglob("*") if f.is_file()]
        names = [f for f in files if not STATE.search(str(f))]
    return [name for name in names if (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def files() -> list[Path]:
    return tracked()


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_no_installed_distribution_claims_a_name_of_ours(package):
    assert packages_distributions().get(package, []) == []


def test_the_top_level_is_what_the_architecture_says(files):
    assert {file.parts[0] for file in files if len(file.parts) > 1} <= FOLDERS


def test_every_package_says_in_one_line_what_it_is_for():
    for package in PACKAGES:
        assert (ROOT / package / "__init__.py").read_text(encoding="utf-8").startswith('"""')


def test_no_file_is_asking_to_be_two(files):
    python = [f for f in files if f.suffix == ".py" and str(f) not in LONG_ON_PURPOSE]
    long = [str(f) for f in python if len((ROOT / f).read_bytes().splitlines()) > LONGEST_FILE]
    assert long == []


def test_no_file_knows_the_machine_it_was_written_on(files):
    others = [f for f in files if f != Path(__file__).relative_to(ROOT)]
    found = {str(f): m[0] for f in others if (m := ELSEWHERE.search((ROOT / f).read_bytes()))}
    assert found == {}


def test_panoramisk_is_held_by_one_file_and_its_fastagi_by_none(files):
    ours = [f for f in files if f.suffix == ".py" and f.parts[0] != "tests"]
    users = {
        str(f) for f in ours if re.search(r"(?m)^(from|import) panoramisk", (ROOT / f).read_text())
    }
    peer = "scripts/benchmarks/peers/panoramisk_fastagi.py"  # what the bench sets beside ours
    assert users - {peer} == {"ivr/ami_link.py"}
    assert "fast_agi" not in (ROOT / "ivr/ami_link.py").read_text()


@pytest.mark.parametrize("lock", ["runtime", "dev", "fuzz"])
def test_every_locked_version_has_hashes_and_no_address(lock):
    text = (ROOT / "requirements" / f"{lock}.lock").read_text()
    assert "://" not in text
    assert "--index-url" not in text
    for entry in re.findall(r"(?m)^\S+==.*(?:\n    .*)*", text):
        assert "--hash=sha256:" in entry


def test_the_development_lock_holds_the_versions_that_run():
    def pins(lock: str) -> set[str]:
        return set(re.findall(r"(?m)^\S+==\S+", (ROOT / "requirements" / lock).read_text()))

    assert pins("runtime.lock") <= pins("dev.lock") & pins("fuzz.lock")
