"""A node whose clock may step is refused; every kind of time daemon has its verdict."""

import pytest

from scripts.cli.clock import ClockProbe, judge_clock, probe_clock


def chrony(conf: str) -> ClockProbe:
    return ClockProbe({"chronyd": "/usr/sbin/chronyd -F 1 "}, chrony_conf=conf)


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        (chrony("pool x\nmakestep 1 3\n"), "ok"),
        (chrony("pool x\n"), "ok"),
        (chrony("# makestep 1 -1\n"), "ok"),
        (chrony("makestep 1 -1\n"), "fail"),
        (chrony("makestep 1 3\nmakestep 0.1 -1\n"), "fail"),
        (chrony("makestep 1 1000\n"), "fail"),
        (ClockProbe({"systemd-timesyncd": "/lib/systemd/systemd-timesyncd "}), "fail"),
        (ClockProbe({"ntpd": "/usr/sbin/ntpd -p /run/ntpd.pid -g -u 1:1 "}), "fail"),
        (ClockProbe({"ntpd": "/usr/sbin/ntpd -g -x "}), "ok"),
        (ClockProbe({"ntpd": "/usr/sbin/ntpd -gx "}), "ok"),
        (ClockProbe({"openntpd": "ntpd: ntp engine"}), "ok"),
        (ClockProbe({"vmtoolsd": "/usr/bin/vmtoolsd "}), "fail"),
        (ClockProbe({"chronyd": "", "systemd-timesyncd": ""}), "fail"),
        (ClockProbe({}, in_container=True), "warn"),
        (ClockProbe({}), "warn"),
    ],
)
def test_a_clock_that_may_step_fails_the_node(seen, state):
    check = judge_clock(seen)
    assert check.state == state
    assert bool(check.mend) == (state != "ok")


def machine(root, comm: str, cmdline: bytes):
    process = root / "proc" / "77"
    process.mkdir(parents=True)
    (process / "comm").write_text(comm + "\n")
    (process / "cmdline").write_bytes(cmdline)
    return root


def test_the_kernel_cuts_a_daemons_name_and_it_is_found_all_the_same(tmp_path):
    root = machine(tmp_path, "systemd-timesyn", b"/lib/systemd/systemd-timesyncd\0")
    assert set(probe_clock(root).daemons) == {"systemd-timesyncd"}


def test_openntpd_is_not_taken_for_ntpd(tmp_path):
    root = machine(tmp_path, "ntpd", b"ntpd: ntp engine\0")
    assert set(probe_clock(root).daemons) == {"openntpd"}


def test_chronys_drop_in_files_count(tmp_path):
    root = machine(tmp_path, "chronyd", b"/usr/sbin/chronyd\0")
    drop_in = root / "etc/chrony/conf.d/site.conf"
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text("makestep 1 -1\n")
    assert judge_clock(probe_clock(root)).state == "fail"


def test_a_container_is_seen(tmp_path):
    (tmp_path / ".dockerenv").touch()
    assert probe_clock(tmp_path).in_container
