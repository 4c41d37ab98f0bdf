"""What stands outside of the releases and outlives them: user, folders, settings, launcher."""

import grp
import os
import pwd

from scripts.siting.chosen import Chosen
from scripts.siting.places import NAME, USER, Places
from scripts.siting.steps import run
from scripts.siting.written import folder, folder_is, write

SECRET, GROUP_MAY_READ = 0o700, 0o750
SETTINGS = f"""\
# Settings of this site, over the defaults; docs/settings.md of the release says what they mean.
# After a change: run the installation again (it renders the units), then do what it says.
var_dir = "/var/lib/{NAME}"
secrets_dir = "/etc/{NAME}/secrets"
rules_file = "/etc/{NAME}/rules.toml"
"""
# The release is named once, at the start: what runs never mixes two of them.
LAUNCHER = f"""\
#!/bin/sh
# The command line of Livelihood 110 with this site's settings.
release=$(readlink -f /opt/{NAME}/current) || exit 2
: "${{L110_CONFIG:=/etc/{NAME}/site.toml}}"
export L110_CONFIG PYTHONDONTWRITEBYTECODE=1
if [ "$(id -u)" = 0 ] && [ "${{1:-}}" = db ]; then # what root makes is closed to us
    exec setpriv --reuid={USER} --regid={USER} --init-groups "$release/scripts/l110" "$@"
fi
exec "$release/scripts/l110" "$@"
"""


def has_user() -> bool:
    try:
        pwd.getpwnam(USER)
        grp.getgrnam(USER)
    except KeyError:
        return False
    return True


def add_user() -> None:
    home = ["--home-dir", f"/var/lib/{NAME}", "--no-create-home"]
    shell = ["--shell", "/usr/sbin/nologin", "--user-group"]
    run(["useradd", "--system", *home, *shell, USER], "add the system user l110 by hand, as root")


def owner(places: Places, *, of_user: bool) -> tuple[int, int] | None:
    """Of a folder that the processes own, or only read. Nobody's below another root."""
    if not places.live:
        return None
    user = pwd.getpwnam(USER)
    return (user.pw_uid if of_user else 0, user.pw_gid)


def has_folders(places: Places) -> bool:
    if places.live and not has_user():
        return False
    return (
        folder_is(places.etc, GROUP_MAY_READ, owner(places, of_user=False))
        and folder_is(places.secrets, SECRET)
        and folder_is(places.var, GROUP_MAY_READ, owner(places, of_user=True))
    )


def make_folders(places: Places) -> None:
    folder(places.etc, GROUP_MAY_READ, owner(places, of_user=False))
    folder(places.secrets, SECRET)
    folder(places.var, GROUP_MAY_READ, owner(places, of_user=True))


def has_settings(places: Places, choice: Chosen) -> bool:
    record = places.etc / "install.json"
    return places.settings.exists() and record.exists() and record.read_text() == choice.text()


def make_settings(places: Places, choice: Chosen) -> None:
    """A site's own settings are never written over."""
    if not places.settings.exists():
        _readable(places, "site.toml", SETTINGS)
    write(places.etc / "install.json", choice.text())


def make_rules(places: Places, commit: str) -> None:
    shipped = places.release(commit) / "config/rules.toml"
    _readable(places, "rules.toml", shipped.read_text(encoding="utf-8"))


def _readable(places: Places, name: str, text: str) -> None:
    path = places.etc / name
    write(path, text, 0o640)
    if group := owner(places, of_user=False):
        os.chown(path, *group)
