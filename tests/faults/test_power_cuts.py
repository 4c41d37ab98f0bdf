"""The power goes at any moment, and takes with it any part of what was not synced."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from scripts.chaos.findings import Finding
from tests.faults.power_cut import power_cuts

CUTS = int(os.environ.get("L110_TEST_POWER_CUTS", "200"))  # 1,000: python -m tests.faults.power_cut
SEED = int(os.environ.get("L110_TEST_POWER_SEED", "110"))


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where there is such a place: what a real disk keeps is not asked here."""
    shared = Path("/dev/shm")
    where = shared if shared.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="l110-cuts-", dir=where) as folder, capture_logs():
        yield Path(folder)


@pytest.mark.fault("41", how="power cuts that throw away any part of the writes since the sync")
def test_no_acknowledged_record_is_lost_or_doubled_by_a_power_cut(
    folder: Path, told: Finding
) -> None:
    tally = power_cuts(folder, cuts=CUTS, seed=SEED)
    told.caller.append("no caller: the journal alone, on a disk that forgets")
    told.records.append(str(tally))
    told.leaks.append("no process: the journal is opened anew after each cut")
    assert tally.cuts == CUTS
    assert tally.acknowledged > 100 * CUTS
    assert (tally.lost, tally.doubled, tally.unreadable) == (0, 0, 0)


@pytest.mark.parametrize(
    "synchronous",
    [
        pytest.param("OFF", marks=pytest.mark.control("41", without="a sync (synchronous=OFF)")),
        pytest.param("NORMAL", marks=pytest.mark.control("41", without="a sync at each commit")),
    ],
)
def test_control_without_the_sync_the_same_power_cuts_lose_records(
    folder: Path, told: Finding, synchronous: str
) -> None:
    tally = power_cuts(folder, cuts=40, seed=SEED, synchronous=synchronous)
    told.records.append(str(tally))
    assert tally.lost > 0
    assert tally.cuts_with_loss > 10
