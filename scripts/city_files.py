"""Where a city's data lies: the profile's own folder, or the fictional city that comes with us."""

from pathlib import Path

from tickets.city import FILES, City, read_city
from tickets.sheets import SheetsBad

FICTIONAL = "city"


def city_folder(config: Path, profile: str) -> Path:
    """`<config>/profiles/<profile>/city` if it is there."""
    own = config / "profiles" / profile / "city"
    return own if profile and own.is_dir() else config / FICTIONAL


def read_city_folder(folder: Path) -> City:
    """Raises SheetsBad: with every problem, also of files that cannot be read."""
    texts, problems = {}, []
    for name in FILES:
        try:
            texts[name] = (folder / name).read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            problems.append(f"{folder / name}: is missing")
        except UnicodeDecodeError as fault:
            problems.append(f"{folder / name}: is not UTF-8 ({fault.reason}): save it as UTF-8")
        except OSError as fault:
            problems.append(f"{folder / name}: {fault.strerror}")
    if problems:
        raise SheetsBad(tuple(problems))
    return read_city(texts)
