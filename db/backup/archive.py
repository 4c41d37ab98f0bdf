"""The file of a backup: a tar of `manifest.json` and the store's own data, readable by its owner.

Encryption is the disk's business or the site's.
"""

import hashlib
import json
import os
import tarfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from db.backup.contents import Content
from db.backup.errors import BackupDamaged

FORMAT = 1
MANIFEST = "manifest.json"
DATA = "store"
PIECE = 1 << 20
AGAIN = "Take another backup file; this one must not be trusted."


@dataclass(frozen=True, slots=True)
class Manifest:
    """kind: sqlite or postgresql. revision: of the tables. made_at: UTC, ISO 8601.

    tables: rows and digest of each. sha256, size: of the data as it stands in the file.
    """

    made_at: str
    release: str
    revision: str
    kind: str
    store: str
    tables: dict[str, Content]
    sha256: str
    size: int

    @property
    def calls(self) -> int:
        return self.tables["calls"].rows if "calls" in self.tables else 0


def pack(manifest: Manifest, data: Path, target: Path) -> None:
    """All of it or nothing: what is cut short never has the name `target`."""
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    text = json.dumps({"format": FORMAT, **asdict(manifest)}, indent=1).encode()
    head = data.with_name(MANIFEST)
    head.write_bytes(text)
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            with tarfile.open(fileobj=file, mode="w") as tar:
                tar.add(head, MANIFEST)
                tar.add(data, DATA)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def read_manifest(path: Path) -> Manifest:
    """Raises BackupDamaged."""
    try:
        with tarfile.open(path) as tar:
            return _manifest(_member(tar, MANIFEST).read())
    except (tarfile.TarError, OSError, EOFError, KeyError, ValueError, TypeError) as fault:
        raise BackupDamaged(f"{path} is no whole backup of ours: {fault}. {AGAIN}") from fault


def unpack(path: Path, manifest: Manifest, target: Path) -> None:
    """The data into `target`, compared with its checksum. Raises BackupDamaged."""
    proof = hashlib.sha256()
    try:
        with tarfile.open(path) as tar, target.open("wb") as out:
            os.fchmod(out.fileno(), 0o600)
            data = _member(tar, DATA)
            while piece := data.read(PIECE):
                proof.update(piece)
                out.write(piece)
    except (tarfile.TarError, OSError, EOFError, KeyError) as fault:
        raise BackupDamaged(f"{path} cannot be read to its end: {fault}. {AGAIN}") from fault
    if proof.hexdigest() != manifest.sha256:
        raise BackupDamaged(f"{path} does not have its checksum: it was changed or cut. {AGAIN}")


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    found = tar.extractfile(name)
    if found is None:
        raise KeyError(name)
    return found


def _manifest(raw: bytes) -> Manifest:
    told = json.loads(raw)
    if told.pop("format") != FORMAT:
        raise ValueError("a format that this release does not know")
    tables = {name: Content(**table) for name, table in told.pop("tables").items()}
    return Manifest(tables=tables, **told)
