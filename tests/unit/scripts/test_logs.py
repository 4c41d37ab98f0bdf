"""A log holds nobody up and breaks nobody, whatever became of who reads it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from scripts.asterisk_home import CHECKOUT

LINES = 1000
SAYS = f"""
import structlog, sys
from scripts.logs import set_up_logs
set_up_logs("info", "test")
log = structlog.get_logger()
for n in range({LINES}):
    log.info("line.said", n=n, filler="x" * 200)
sys.stderr.write("done")
"""
PLAIN = f"import sys, scripts.logs; scripts.logs._output = lambda: None\n{SAYS}"


@contextmanager
def saying(stdout: int, code: str = SAYS) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=stdout, stderr=subprocess.PIPE, text=True,
        cwd=CHECKOUT, env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def test_a_reader_that_reads_gets_every_line_whole(tmp_path):
    with (tmp_path / "log").open("wb") as log, saying(log.fileno()) as process:
        assert process.communicate(timeout=30)[1] == "done"
    said = [json.loads(line)["n"] for line in (tmp_path / "log").read_text().splitlines()]
    assert said == list(range(LINES))


@pytest.mark.parametrize("reader", ["gone", "frozen"])
def test_without_a_reader_the_work_goes_on(reader):
    ours, theirs = os.pipe()
    began = time.monotonic()
    try:
        if reader == "gone":
            os.close(ours)
        with saying(theirs) as process:
            assert process.communicate(timeout=30)[1] == "done"
        assert time.monotonic() - began < 15
        if reader == "frozen":
            assert os.read(ours, 1_000_000).startswith(b'{"n": 0,'), "what there was room for"
    finally:
        os.close(theirs)
        if reader == "frozen":
            os.close(ours)


@pytest.mark.parametrize("reader", ["gone", "frozen"])
def test_control_a_plain_standard_output_breaks_or_holds_it(reader):
    ours, theirs = os.pipe()
    try:
        if reader == "gone":
            os.close(ours)
        with saying(theirs, PLAIN) as process:
            if reader == "gone":
                assert "BrokenPipeError" in process.communicate(timeout=30)[1]
            else:
                with pytest.raises(subprocess.TimeoutExpired):
                    process.wait(3)
    finally:
        os.close(theirs)
        if reader == "frozen":
            os.close(ours)
