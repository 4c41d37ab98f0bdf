"""The steps of an installation, in the order in which a failure does no harm."""

from scripts.siting import release, site_files, units
from scripts.siting.bundle import Bundle
from scripts.siting.chosen import Chosen
from scripts.siting.places import USER, Places
from scripts.siting.site_files import LAUNCHER
from scripts.siting.steps import InstallFailed, Step
from scripts.siting.switch import before, complete, serves, switch_to
from scripts.siting.written import same, write

RUNNABLE = 0o755


def install_steps(places: Places, bundle: Bundle, choice: Chosen) -> list[Step]:
    """Everything before the switch leaves what serves alone; what follows it can be repeated."""
    commit = bundle.commit
    return [
        *_site(places, choice),
        Step(
            f"release {commit}: program, packages, prompts",
            lambda: release.is_built(places, bundle),
            lambda: release.build(places, bundle),
        ),
        *_embedded(places, bundle, choice),
        Step(
            f"rules {places.rules}",
            places.rules.exists,
            lambda: site_files.make_rules(places, commit),
        ),
        *_rendered(places, commit, choice),
        *_switched(places, commit),
    ]


def roll_back_steps(places: Places, choice: Chosen) -> list[Step]:
    """Raises InstallFailed: there is nothing to go back to."""
    commit = before(places)
    if commit is None or not complete(places, commit):
        raise InstallFailed(
            "there is no former release to go back to",
            "install the wanted one from its bundle",
        )
    if choice.embedded_asterisk and not release.has_asterisk(places, commit):
        raise InstallFailed(
            f"the former release {commit} brings no Asterisk",
            "install it from its bundle with --embedded-asterisk",
        )
    return [*_rendered(places, commit, choice), *_switched(places, commit)]


def _site(places: Places, choice: Chosen) -> list[Step]:
    user = [Step(f"system user {USER}", site_files.has_user, site_files.add_user)]
    return [
        *(user if places.live else []),
        Step(
            f"folders {places.etc}, {places.var}",
            lambda: site_files.has_folders(places),
            lambda: site_files.make_folders(places),
        ),
        Step(
            f"settings {places.settings}",
            lambda: site_files.has_settings(places, choice),
            lambda: site_files.make_settings(places, choice),
        ),
    ]


def _embedded(places: Places, bundle: Bundle, choice: Chosen) -> list[Step]:
    if not choice.embedded_asterisk:
        return []
    there = release.has_asterisk(places, bundle.commit)
    if not there and not bundle.asterisk.is_file():
        raise InstallFailed(
            "the bundle brings no Asterisk", "make it with scripts/bundle --embedded-asterisk"
        )
    return [
        Step(
            "Asterisk of the bundle",
            lambda: release.has_asterisk(places, bundle.commit),
            lambda: release.add_asterisk(places, bundle),
        )
    ]


def _rendered(places: Places, commit: str, choice: Chosen) -> list[Step]:
    rendered = Step(
        "units, as the settings say",
        lambda: complete(places, commit) and units.are_rendered(places, commit, choice),
        lambda: units.render(places, commit, choice),
    )
    includes = Step(
        f"includes for the Asterisk of {choice.into_asterisk}",
        lambda: False,  # they hold secrets, so they are written and not compared from outside
        lambda: units.render_includes(places, commit, choice),
    )
    return [rendered, *([includes] if choice.into_asterisk else [])]


def _switched(places: Places, commit: str) -> list[Step]:
    return [
        Step(
            f"launcher {places.launcher}",
            lambda: same(places.launcher, LAUNCHER, RUNNABLE),
            lambda: write(places.launcher, LAUNCHER, RUNNABLE),
        ),
        Step(
            f"let {commit} serve",
            lambda: serves(places, commit),
            lambda: switch_to(places, commit),
        ),
        Step(
            "units known to systemd",
            lambda: serves(places, commit) and units.are_linked(places, commit),
            lambda: units.link_all(places, commit),
        ),
    ]
