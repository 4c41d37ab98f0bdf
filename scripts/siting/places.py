"""Where a site keeps what. `root` is a folder to install into (as DESTDIR), `/` on a live host."""

from dataclasses import dataclass
from pathlib import Path

NAME = "livelihood110"
USER = "l110"
ADDED = ".l110-install"  # a mark inside of a release: complete, and from which bundle


@dataclass(frozen=True, slots=True)
class Places:
    root: Path

    @property
    def live(self) -> bool:
        """Whether this is the host itself: only then are there users and a systemd to talk to."""
        return self.root == Path("/")

    def at(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def without_root(self, text: str) -> str:
        """What was rendered below `root`, as it must read once `root` is `/`."""
        return text if self.live else text.replace(str(self.root), "")

    @property
    def home(self) -> Path:
        return self.at(f"/opt/{NAME}")

    @property
    def releases(self) -> Path:
        return self.home / "releases"

    def release(self, commit: str) -> Path:
        return self.releases / commit

    @property
    def current(self) -> Path:
        return self.home / "current"

    @property
    def former(self) -> Path:
        return self.home / "former"

    @property
    def etc(self) -> Path:
        return self.at(f"/etc/{NAME}")

    @property
    def settings(self) -> Path:
        return self.etc / "site.toml"

    @property
    def rules(self) -> Path:
        return self.etc / "rules.toml"

    @property
    def secrets(self) -> Path:
        return self.etc / "secrets"

    @property
    def var(self) -> Path:
        return self.at(f"/var/lib/{NAME}")

    @property
    def launcher(self) -> Path:
        return self.at("/usr/local/bin/l110")

    @property
    def units(self) -> Path:
        return self.at("/etc/systemd/system")

    @property
    def lock(self) -> Path:
        return self.at(f"/run/lock/{NAME}-install")
