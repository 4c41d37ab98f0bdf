"""What the watch saw last, in a file: for `l110 status`, which must work when nothing else does."""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.settings import Settings

FRESH_S = 10.0


def path_of(settings: Settings) -> Path:
    return settings.var / "run" / "health.json"


def keeper_path_of(settings: Settings) -> Path:
    """What `l110 keep` said last of the processes, for the watch."""
    return settings.var / "run" / "keeper.json"


def tell(path: Path, seen: Mapping[str, object]) -> None:
    """Whole or not at all; on a full disk the last word stays and grows old. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    text = json.dumps(
        {**seen, "steady_s": time.monotonic(), "pid": os.getpid()}, ensure_ascii=False
    )
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def heard(path: Path, fresh_s: float = FRESH_S) -> dict[str, Any] | None:
    """None: the watch has said nothing for so long, or never. No step of the clock matters."""
    try:
        seen: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        age_s = time.monotonic() - float(seen["steady_s"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return seen if 0 <= age_s <= fresh_s else None
