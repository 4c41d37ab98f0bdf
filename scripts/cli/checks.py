"""What `l110 doctor` looks at, one function each; every complaint says how to mend it."""

import importlib.metadata
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from config.settings import ROOT, Settings
from routing.rules import RuleSetRejected, parse_rules
from scripts.asterisk_config import tells_figures
from scripts.asterisk_home import LENGTHS, SOUNDS, AsteriskMissing, find_program
from scripts.cli import ports, supervision
from scripts.cli.backlog import cel_backlog, journal_backlog
from scripts.cli.check import Check, fail, ok, warn
from scripts.cli.clock import judge_clock, probe_clock
from scripts.cli.health import look_at_store
from scripts.deadlines import deadline_rules
from scripts.loopback import is_loopback
from scripts.prompts import LONGEST_MENU_S
from tickets.deadline_problems import DeadlineRulesRejected

SETUP = "Run scripts/setup."
FORWARD = "See whether `l110 forward` runs and the store answers."
FREE_SPACE_GB = 2.0
HOSTS = Path("/etc/hosts")
JOURNAL_DEEP = 1000  # steps: about a hundred calls that the store has not heard of
JOURNAL_OLD_S = 60.0  # a forwarder that runs and has its store needs less than a second
CEL_DEEP = 500_000  # bytes: about as many calls


def python_version(_: Settings) -> Check:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < (3, 11):  # noqa: UP036 - somebody may have started us by hand
        return fail("python", found, "Install Python 3.11 or newer, then run scripts/setup.")
    return ok("python", found)


def packages(_: Settings) -> Check:
    """Installed versions against the lock."""
    wanted = re.findall(r"(?m)^([A-Za-z0-9_.-]+)==(\S+)", _lock().read_text())
    wrong = [f"{name} {found or 'missing'}" for name, v in wanted if (found := _version(name)) != v]
    if wrong:
        return fail("packages", f"not as locked: {', '.join(wrong)}", SETUP)
    return ok("packages", f"{len(wanted)} as locked")


def _lock() -> Path:
    return ROOT / "requirements" / "runtime.lock"


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def programs(_: Settings) -> Check:
    missing = [name for name in ("sipp", "espeak-ng", "sox") if shutil.which(name) is None]
    if missing:
        return warn("programs", f"missing: {', '.join(missing)}", f"{SETUP} The demo needs them.")
    return ok("programs", "sipp, espeak-ng and sox are there")


def asterisk(_: Settings) -> Check:
    try:
        binary = find_program().binary
        asked = subprocess.run(
            [binary, "-V"], capture_output=True, text=True, timeout=10, check=False
        )
    except (AsteriskMissing, OSError, subprocess.TimeoutExpired):
        return fail("asterisk", "not found, or it does not start", SETUP)
    version = re.match(r"Asterisk (\d+)", asked.stdout)
    if version is None or int(version[1]) < 22:
        return fail("asterisk", asked.stdout.strip() or asked.stderr.strip(), SETUP)
    return ok("asterisk", asked.stdout.strip())


def free_ports(settings: Settings) -> Check:
    try:
        supervision.processes(settings)
    except supervision.SupervisorAway:
        refused = [why for port in ports.ports_of(settings) if (why := ports.refusal(port))]
        mend = "End that process, or set another port."
        return fail("ports", "; ".join(refused), mend) if refused else ok("ports", "all free")
    silent = [str(p) for p in ports.ports_of(settings) if not ports.listening(p)]
    if silent:
        return fail("ports", f"we run, but nobody listens on {', '.join(silent)}", "See var/log.")
    return ok("ports", "held by our own processes")


def state_folder(settings: Settings) -> Check:
    probe = settings.var / ".doctor"
    try:
        settings.var.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        return fail("state", f"{settings.var}: {error.strerror}", "Give the folder to this user.")
    free_gb = shutil.disk_usage(settings.var).free / 1e9
    if free_gb < FREE_SPACE_GB:
        return fail(
            "state", f"{free_gb:.1f} GB free", f"Free {FREE_SPACE_GB:.0f} GB for the journal."
        )
    return ok("state", f"{settings.var}, {free_gb:.0f} GB free")


def prompts(_: Settings) -> Check:
    try:
        lengths = json.loads((SOUNDS / LENGTHS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return fail("prompts", "not spoken yet", SETUP)
    names = [(language, name) for language, book in lengths.items() for name in book]
    lost = [f"{n}/{p}" for n, p in names if not (SOUNDS / n / "l110" / f"{p}.wav").exists()]
    if lost:
        return fail("prompts", f"missing: {', '.join(lost)}", SETUP)
    long = [n for n, book in lengths.items() if book.get("menu", 99) > LONGEST_MENU_S]
    if long:
        mend = "Shorten it in config/prompts, or record it faster, and run scripts/setup."
        return fail("prompts", f"menu over {LONGEST_MENU_S:.0f} s: {', '.join(long)}", mend)
    return ok("prompts", f"{len(names)} spoken, every menu within {LONGEST_MENU_S:.0f} s")


def rules(settings: Settings) -> Check:
    try:
        found = parse_rules(settings.rules_path.read_bytes(), str(settings.rules_path))
    except RuleSetRejected as rejected:
        return fail("rules", "; ".join(map(str, rejected.problems)), "Mend the lines named.")
    except OSError as error:
        return fail("rules", f"{settings.rules_path}: {error.strerror}", "Set rules_file.")
    return ok("rules", f"version {found.version}")


def deadlines(settings: Settings) -> Check:
    try:
        found = deadline_rules(settings)
    except DeadlineRulesRejected as rejected:
        return fail("deadlines", "; ".join(map(str, rejected.problems)), "Mend the lines named.")
    except OSError as error:
        mend = "Set deadlines_file."
        return fail("deadlines", f"{settings.deadlines_path}: {error.strerror}", mend)
    return ok("deadlines", f"{len(found.classes)} classes")


def store(settings: Settings) -> Check:
    found = look_at_store(settings)
    if not found.reachable:
        state = warn if found.problem and "not made yet" in found.problem else fail
        return state(
            "store", f"{found.name}: {found.problem}", "Start it; calls are kept meanwhile."
        )
    if not found.is_up_to_date:
        return fail(
            "store", f"has {found.revision}, needs {found.needed}", "Run `l110 db upgrade`."
        )
    return ok("store", f"{found.name}, {found.revision}")


def journal(settings: Settings) -> Check:
    found = journal_backlog(settings)
    if found is None:
        mend = "Do not delete it: it holds calls. See docs/runbook.md."
        return fail("journal", f"{settings.journal_path} cannot be read", mend)
    if found.waiting > JOURNAL_DEEP or (found.oldest_s or 0) > JOURNAL_OLD_S:
        return warn("journal", f"{found} for the store", FORWARD)
    return ok("journal", str(found))


def call_records(settings: Settings) -> Check:
    """How far the forwarder is behind Asterisk."""
    if not look_at_store(settings).is_up_to_date:
        return ok("call records", "how much is not stored yet, only the store knows")
    behind = cel_backlog(settings)
    if behind is None:
        mend = "Mend the store, or give the folder to this user."
        return warn("call records", f"{settings.cel_path} cannot be compared", mend)
    if behind > CEL_DEEP:
        return warn("call records", f"{behind} bytes of {settings.cel_path} wait", FORWARD)
    return ok("call records", f"{behind} bytes not stored yet")


def starts(settings: Settings) -> Check:
    """Each call's start is written there before the answer: on a slow disk callers would wait."""
    folder = settings.starts_path
    kind = file_system_of(folder)
    if kind != "tmpfs":
        mend = "Set records.starts_dir to a folder in /dev/shm or /run."
        return warn("starts", f"{folder} lies on {kind}, not in memory", mend)
    if not folder.is_dir():
        return ok("starts", f"{folder}, made by the next start of Asterisk")
    seen = folder.stat()
    if seen.st_mode & 0o022 or not os.access(folder, os.W_OK):
        mend = f"Remove it, and start Asterisk again: rm -r {folder}"
        return fail("starts", f"{folder} is not ours alone", mend)
    return ok("starts", f"{folder}, in memory")


def file_system_of(path: Path) -> str:
    """Kind of the file system that holds it, also where the path itself is not made yet."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    holding = [m for m in mounts if path.is_relative_to(m[1].replace("\\040", " "))]
    return max(holding, key=lambda m: len(m[1]))[2] if holding else "nothing"


def clock(_: Settings) -> Check:
    return judge_clock(probe_clock())


def own_name(_: Settings) -> Check:
    """Asterisk asks for the machine's own name as it starts, and waits for a dead name server."""
    name = socket.gethostname()
    text = HOSTS.read_text() if HOSTS.exists() else ""  # a bare host has none
    lines = (line.partition("#")[0].split()[1:] for line in text.splitlines())
    if any(name in names for names in lines):
        return ok("own name", f"{name} is in {HOSTS}")
    mend = f'echo "127.0.1.1 {name}" >> {HOSTS}'
    return warn("own name", f"{HOSTS} lacks {name}: without DNS Asterisk starts late", mend)


def secret_files(settings: Settings) -> Check:
    """Readable by their owner only; made by `up`, so none yet is no fault."""
    folder = settings.secret_path("")
    files = [f for f in folder.glob("*") if f.is_file()] if folder.is_dir() else []
    wide = [f for f in files if f.stat().st_mode & 0o077]
    if wide:
        names = " ".join(map(str, wide))
        return fail("secrets", f"readable by others: {names}", f"chmod 600 {names}")
    return ok("secrets", f"{len(files)} files, readable by their owner only")


def manager_is_local(settings: Settings) -> Check:
    if is_loopback(settings.ami.host):
        return ok("manager", f"on {settings.ami.host}")
    mend = "Set ami.host to 127.0.0.1; other machines come through the desk."
    return fail("manager", f"Asterisk's manager would listen on {settings.ami.host}", mend)


def asterisk_figures(settings: Settings) -> Check:
    """Asterisk has one HTTP server: with softphones on it, its figures are not told."""
    if not settings.health.asterisk_metrics:
        return ok("figures", "of our own processes only: health.asterisk_metrics is off")
    if tells_figures(settings):
        return ok(
            "figures", f"Asterisk's at http://{settings.http.host}:{settings.http.port}/metrics"
        )
    mend = "Set http.host to 127.0.0.1, or health.asterisk_metrics = false."
    return warn("figures", f"Asterisk's are not told: its HTTP is on {settings.http.host}", mend)


ALL: tuple[Callable[[Settings], Check], ...] = (
    python_version,
    packages,
    programs,
    asterisk,
    free_ports,
    state_folder,
    prompts,
    rules,
    deadlines,
    store,
    journal,
    call_records,
    starts,
    clock,
    own_name,
    secret_files,
    manager_is_local,
    asterisk_figures,
)
