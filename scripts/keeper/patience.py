"""How long each process may be silent: one meaning for systemd's watchdog and for `l110 keep`."""

from config.settings import Settings

# A round of the forwarder ends by itself within the patience of an upgrade; a look of the watch,
# within the deadlines of all that it asks. Neither has a caller waiting.
FORWARD_S = 120.0
WATCH_S = 30.0
DESK_S = 30.0
WORKER_S = 300.0  # a job's turn takes two minutes at most


def patience_s(settings: Settings) -> dict[str, float]:
    """Name -> seconds, of those that say by themselves that they live (`sd_notify`)."""
    patience = {
        "ivr": settings.supervisor.bridge_silent_s,
        "forward": FORWARD_S,
        "watch": WATCH_S,
        "worker": WORKER_S,
    }
    return patience | ({"desk": DESK_S} if settings.web.serve else {})
