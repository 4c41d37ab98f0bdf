"""Two small bundles, and a folder to install into; each test has a copy of an installed one."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.siting.places import Places
from tests.site_bundle import ROOT, small_bundle

ONE, TWO = "aaaaaaaaaaaa", "bbbbbbbbbbbb"


def install(root: Path, *options: object) -> subprocess.CompletedProcess[str]:
    command = [ROOT / "scripts/install", "--root", root, *options]
    return subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False, timeout=300
    )


@pytest.fixture(scope="session")
def bundles(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bundles")
    return {commit: small_bundle(folder / commit, commit) for commit in (ONE, TWO)}


@pytest.fixture
def root() -> Iterator[Path]:
    """Short: Asterisk's socket lies below it."""
    with tempfile.TemporaryDirectory(prefix="s-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def first(bundles) -> Iterator[Path]:
    """Installed once; nobody changes it."""
    with tempfile.TemporaryDirectory(prefix="s-") as folder:
        done = install(Path(folder), "--bundle", bundles[ONE])
        assert done.returncode == 0, done.stderr
        yield Path(folder)


@pytest.fixture
def installed(first, root) -> Places:
    shutil.copytree(first, root, symlinks=True, dirs_exist_ok=True)
    return Places(root)
