"""What `l110 keep` says of the processes, as the watch hears it."""

from config.settings import Settings
from ivr.health import KeeperFacts
from scripts.watch import told


def look_at_keeper(settings: Settings) -> KeeperFacts:
    """Nothing where there is none: it takes its word away when it is stopped."""
    path = told.keeper_path_of(settings)
    said = told.heard(path)
    if said is None:
        return KeeperFacts(silent=path.exists())
    return KeeperFacts(
        supervisor_silent=bool(said["supervisor_silent"]),
        restarted=dict(said["restarted"]),
        failing=dict(said["failing"]),
    )
