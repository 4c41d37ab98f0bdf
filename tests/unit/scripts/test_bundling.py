"""The archive of scripts/bundle: the same files make the same bytes; each wheel has its hash."""

import hashlib
import os
import tarfile

from scripts.siting.bundling import lock_of, pack


def filled(folder, stamp):
    folder.mkdir(parents=True)
    for name, mode in (("b", 0o600), ("a", 0o700)):
        file = folder / name
        file.write_text(name)
        file.chmod(mode)
        os.utime(file, (stamp, stamp))
    return folder


def test_the_same_files_make_the_same_bytes(tmp_path):
    first, second = tmp_path / "one.tar.gz", tmp_path / "two.tar.gz"
    pack(filled(tmp_path / "x/bundle", 1_000), first, 5_000)
    pack(filled(tmp_path / "y/bundle", 2_000), second, 5_000)
    assert first.read_bytes() == second.read_bytes()


def test_control_another_time_of_the_commit_makes_others(tmp_path):
    first, second = tmp_path / "one.tar.gz", tmp_path / "two.tar.gz"
    pack(filled(tmp_path / "x/bundle", 1_000), first, 5_000)
    pack(filled(tmp_path / "y/bundle", 1_000), second, 5_001)
    assert first.read_bytes() != second.read_bytes()


def test_the_archive_holds_no_owner_and_plain_modes(tmp_path):
    pack(filled(tmp_path / "x/bundle", 1_000), tmp_path / "one.tar.gz", 5_000)
    with tarfile.open(tmp_path / "one.tar.gz") as archive:
        entries = {e.name: e for e in archive if e.isfile()}
    assert {e.uname for e in entries.values()} == {""}
    assert oct(entries["bundle/a"].mode) == "0o755"
    assert oct(entries["bundle/b"].mode) == "0o644"


def test_the_lock_names_exactly_the_wheels_that_are_there(tmp_path):
    (tmp_path / "some_name-1.2-py3-none-any.whl").write_bytes(b"wheel")
    digest = hashlib.sha256(b"wheel").hexdigest()
    assert lock_of(tmp_path) == f"some-name==1.2 --hash=sha256:{digest}\n"
