"""Renders the embedded Asterisk's configuration from the settings."""

import errno
import os
import re
import secrets
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from config.sections import Seat
from config.settings import Settings
from scripts import seat_keys
from scripts.asterisk_home import CHECKOUT, LENGTHS, SOUNDS, Home, find_program
from scripts.loopback import is_loopback
from scripts.siting.written import replaced

SOURCES = CHECKOUT / "config/asterisk"
# Files that Asterisk looks for and does not need: empty, so that its log holds only what matters.
EMPTY = ("acl", "ccss", "pjproject", "queuerules", "udptl")


PROBE = "l110-probe"  # the watch's name in SIP
NO_LIMIT = 1_000_000
PLACEHOLDER = re.compile(r"@\{([a-z_0-9]+)\}")  # Asterisk's own ${name} passes through untouched


def render(settings: Settings) -> Home:
    """Write every file that the node's Asterisk reads. Safe to repeat."""
    program = find_program()
    home = Home(settings.asterisk_dir)
    home.create(program, SOUNDS)
    _own_folder(settings.starts_path)
    settings.messages_path.mkdir(parents=True, exist_ok=True, mode=0o700)
    values = _values(settings, home) | {"modules": program.modules, "sbin": program.binary.parent}
    render_folder(SOURCES / "embedded", home.etc, values)
    render_site(settings, home.etc / "l110")
    return home


def render_site(settings: Settings, target: Path) -> None:
    """Write only what a site includes into the configuration of its own Asterisk."""
    render_folder(SOURCES / "l110", target, _site_values(settings))
    _write(target / "globals.conf", _globals(settings))
    _write(target / "pjsip-site.conf", _endpoints(settings))


def render_folder(source: Path, target: Path, values: Mapping[str, object]) -> None:
    """Fill every template of a folder. An unknown placeholder raises KeyError."""
    for name in EMPTY if source.name != "l110" else ():
        _write(target / f"{name}.conf", "")
    for template in sorted(source.glob("*.conf")):
        _write(target / template.name, fill(template.read_text(), values))


def fill(text: str, values: Mapping[str, object]) -> str:
    """Put the values in the place of @{name}. Raises KeyError: a name without a value."""
    return PLACEHOLDER.sub(lambda found: str(values[found[1]]), text)


def _own_folder(path: Path) -> None:
    """Who else may write there could make Asterisk write over any file of its own."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    seen = path.lstat()
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.getuid() or seen.st_mode & 0o022:
        raise PermissionError(errno.EPERM, "somebody else may write there", str(path))


def _write(path: Path, text: str) -> None:
    """In one piece: a reload meanwhile reads the old file or the new one, never the half of one.

    Some hold secrets. Whose a file was made for a site's Asterisk, it stays.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced(path, 0o600) as out:
        with suppress(FileNotFoundError):
            _belong_as(path.stat(), out.fileno())
        out.write(text)


def _belong_as(kept: os.stat_result, handle: int) -> None:
    own = os.fstat(handle)
    if (own.st_uid, own.st_gid) != (kept.st_uid, kept.st_gid):
        os.fchown(handle, kept.st_uid, kept.st_gid)
    os.fchmod(handle, stat.S_IMODE(kept.st_mode))


def _values(settings: Settings, home: Home) -> dict[str, object]:
    return {
        **home.folders(),
        "node": settings.node,
        "sip_host": settings.sip.host,
        "sip_port": settings.sip.port,
        "rtp_start": settings.sip.rtp_start,
        "rtp_end": settings.sip.rtp_end,
        "ami_host": settings.ami.host,
        "ami_port": settings.ami.port,
        "http_host": settings.http.host,
        "http_port": settings.http.port,
        "ami_reader_secret": secret(settings.secret_path("ami-reader")),
        "ami_actor_secret": secret(settings.secret_path("ami-actor")),
        "metrics_enabled": "yes" if tells_figures(settings) else "no",
        "metrics_secret": secret(settings.secret_path("asterisk-metrics")),
    }


def tells_figures(settings: Settings) -> bool:
    """Its HTTP server has one address for all: where softphones of other machines reach it, no."""
    return settings.health.asterisk_metrics and is_loopback(settings.http.host)


def _site_values(settings: Settings) -> dict[str, object]:
    return {
        "sip_host": settings.sip.host,
        "seat_keys": seat_keys.application_map(settings.seat_keys),
        "police_members": _members(settings.police.seats),
        "livelihood_members": _members(settings.livelihood.seats),
        "police_ring_s": round(settings.police.ring_s),
        "livelihood_ring_s": round(settings.livelihood.ring_s),
        "livelihood_waiting_most": settings.livelihood.waiting_most,
        "retry_s": round(settings.queues.retry_s),
        "wrap_up_s": round(settings.queues.wrap_up_s),
        "announce_every_s": round(settings.queues.announce_every_s),
    }


def secret(path: Path) -> str:
    """The secret kept in a file that only its owner may read; made on first use."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(24))
    return path.read_text().strip()


def _globals(settings: Settings) -> str:
    queues = settings.queues
    values: dict[str, object] = {
        "L110_NODE": settings.node,
        "L110_STARTS": settings.starts_path,
        "L110_AGI_1": f"agi://{settings.agi.host}:{settings.agi.port}",
        "L110_AGI_2": f"agi://{settings.agi.second}" if settings.agi.second else "",
        "L110_FALLBACK": CHECKOUT / "scripts/fallback" if settings.agi.local_script else "",
        "L110_RULES": settings.rules_path,
        "L110_LAST_GOOD_RULES": settings.last_good_rules_path,
        "L110_LENGTHS": SOUNDS / LENGTHS,
        "L110_GUARD_S": 2,
        "L110_SKIP_S": 10,
        "L110_LINES": settings.police.lines,
        **_admission(settings),
        **_call_backs(settings),
        "L110_RELEASE": settings.release.mode,
        "L110_SWITCH": f"{settings.sip.switch_host}:{settings.sip.switch_port}",
        "L110_PRIO_KEYED": 30,
        "L110_PRIO_RETURNED": 20,
        "L110_PRIO_NO_KEY": 10,
        "L110_PRIO_BEHIND": 0,
        "L110_POLICE_WAIT_S": round(settings.police.overflow_after_s),
        "L110_POLICE_RING_S": round(settings.police.ring_s),
        "L110_LIVELIHOOD_RING_S": round(settings.livelihood.ring_s),
        "L110_MISSES": queues.misses_until_pause,
        "L110_POLICE_AGAIN_S": round(queues.police_again_s),
        "L110_REFER_GUARD_S": round(queues.refer_guard_s),
        "L110_SERVICE_PATIENCE_S": round(queues.service_patience_s),
        "L110_THIRD_RING_S": round(settings.seat_keys.third_ring_s),
        "L110_POLICE_KEYS": seat_keys.of_police(settings.seat_keys),
        "L110_LIVELIHOOD_KEYS": seat_keys.of_livelihood(settings.seat_keys),
    }
    values |= {f"L110_POLICE_{n}": d for n, d in enumerate(settings.police.destinations, 1)}
    values |= {f"L110_CLASS_{k}": c for k, c in settings.livelihood.classes.items()}
    return "".join(f"{name} = {value}\n" for name, value in values.items())


def _admission(settings: Settings) -> dict[str, object]:
    """A limit that is off is a number that no call reaches."""
    limits = settings.admission
    return {
        "L110_LINES_FREELY": max(settings.police.lines - limits.reserved_lines, 0),
        "L110_PER_NUMBER": limits.calls_per_number or NO_LIMIT,
        "L110_PER_10_MIN": limits.calls_per_number_in_10_min or NO_LIMIT,
        "L110_NEW_PER_S": limits.new_calls_per_s or NO_LIMIT,
    }


def _call_backs(settings: Settings) -> dict[str, object]:
    own = settings.call_backs
    return {
        "L110_BACK_FROM": own.shown_number or settings.livelihood.number,
        "L110_BACK_RING_S": round(own.ring_s),
        "L110_BACK_PATIENCE_S": round(own.patience_s),
        "L110_BACK_MESSAGE_S": round(own.message_most_s),
        "L110_BACK_MESSAGES": settings.messages_path,
        # Both questions twice, the message and the words between: whatever he does, it ends.
        "L110_BACK_LONGEST_S": round(120 + 5 * own.patience_s + own.message_most_s),
    }


def _endpoints(settings: Settings) -> str:
    switch = f"sip:{settings.sip.switch_host}:{settings.sip.switch_port}"
    name, release = settings.trunk.name, settings.trunk.release
    own_way = f"set_var=L110_RELEASE={release}\n" if release else ""
    trunk = (
        f"[{name}](l110-from-switch)\nidentify_by=ip\n{own_way}"
        f"[{name}]\ntype=identify\nendpoint={name}\nmatch={settings.sip.switch_host}\n\n"
        f"[l110-switch](l110-to-switch)\nidentify_by=ip\naors=l110-switch\n"
        f"[l110-switch]\ntype=aor\ncontact={switch}\n"
    )
    own = settings.sip.host
    # Who asks from here whether SIP answers. Nobody may call as this one: its context is empty.
    trunk += (
        f"[{PROBE}](l110-endpoint)\ncontext=l110-nothing\nidentify_by=username\n"
        f"deny=0.0.0.0/0.0.0.0\npermit={own}\n"
    )
    allowed = (settings.sip.switch_host, own, *settings.sip.seat_networks)
    trunk += "[l110-allowed]\ntype=acl\ndeny=0.0.0.0/0.0.0.0\n"
    trunk += "".join(f"permit={network}\n" for network in allowed)
    seats = (*settings.police.seats, *settings.livelihood.seats)
    return trunk + "".join(_seat(seat, settings) for seat in seats)


def _seat(seat: Seat, settings: Settings) -> str:
    name = f"seat-{seat.number}"
    endpoint = f"\n[{name}](l110-seat-endpoint)\naors={name}\n"
    if seat.at == "switch":
        where = f"{seat.number}@{settings.sip.switch_host}:{settings.sip.switch_port}"
        # By no address and no name: nobody in a seat network may call as this seat.
        return f"{endpoint}identify_by=ip\n[{name}]\ntype=aor\ncontact=sip:{where}\n"
    password = secret(settings.secret_path(name))
    return (
        f"{endpoint}auth={name}\n[{name}]\ntype=aor\nmax_contacts=1\nremove_existing=yes\n"
        f"qualify_frequency=5\n[{name}]\ntype=auth\nauth_type=userpass\nusername={name}\n"
        f"password={password}\n"
    )


def _members(seats: Iterable[Seat]) -> str:
    return "".join(f"member => PJSIP/seat-{seat.number},0,seat-{seat.number}\n" for seat in seats)
