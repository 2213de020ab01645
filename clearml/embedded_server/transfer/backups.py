"""Backups: a data folder as one file, taken while the server runs."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path, PurePosixPath

from embedded_server.access.accounts import TOKEN_KEY_FILE
from embedded_server.application import CREDENTIALS_FILE, DATABASE_FILE, FILES_FOLDER, SCHEMA
from embedded_server.storage import checksums
from embedded_server.storage.checksums import HashingReader, UnusableArchiveError
from embedded_server.storage.database import BUSY_TIMEOUT, Database, UnusableDatabaseError
from embedded_server.storage.files import CONTENT_FOLDER
from embedded_server.storage.folder_lock import LOCK_FILE, FolderLock
from embedded_server.storage.migrations import copy_database, synchronise
from embedded_server.version import SERVER_VERSION

MANIFEST = "backup.json"
FORMAT = "clearml-embedded-backup"
VERSION = 1
#: with which whoever was logged in stays so after a restore
_SECRETS = (CREDENTIALS_FILE, TOKEN_KEY_FILE)
_STAGING = ".backup-"


@dataclass(frozen=True)
class Backup:
    """What a backup holds."""

    file: Path
    #: files of the file store
    files: int
    size: int  # bytes of the backup


@dataclass(frozen=True)
class Restored:
    """What a restore has left."""

    folder: Path
    files: int
    #: where what lay in the folder before is now; None where there was nothing
    before: Path | None


def back_up(folder: Path, file: Path) -> Backup:
    """Writes a backup of a data folder, whether its server runs or not.

    Whoever writes waits for the moment that it takes to give each stored file a second name; then the server goes on,
    while the database, as it was at that moment, and the files are copied.

    Args:
        folder: the data folder.
        file: the backup, a tar file, compressed where its name ends in ``gz``; readable by its owner only, for it
            holds the credentials.

    Raises:
        UnusableArchiveError: there is no database in the folder, or it is damaged, or the file exists already.
    """
    database = folder / DATABASE_FILE
    if not database.is_file():
        raise UnusableArchiveError(f"there is nothing to back up: {database} does not exist")
    if file.exists():
        raise UnusableArchiveError(f"{file} exists already; choose another name")
    if not file.parent.is_dir():
        raise UnusableArchiveError(f"the folder {file.parent} does not exist; make it, or choose another")
    with _staging(folder) as staging:
        _freeze(folder, staging)
        _require_sound(staging / DATABASE_FILE, database)
        count = _write(staging, file)
    return Backup(file, count, file.stat().st_size)


def restore(folder: Path, file: Path) -> Restored:
    """Puts a backup in place of a data folder, in which no server may run.

    The whole backup is unpacked and checked before anything is changed. What lay in the folder is kept beside it.

    Raises:
        UnusableArchiveError: the file is no backup, not a whole one, or of a newer version.
        StartError: a server runs in the folder, or it cannot be written.
    """
    if not file.is_file():
        raise UnusableArchiveError(f"{file} does not exist, or is no file")
    lock = FolderLock(folder)
    lock.check()
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-restore-"))
    try:
        count = _unpack(file, staging)
        _require_sound(staging / DATABASE_FILE, file)
        try:
            Database(staging / DATABASE_FILE, SCHEMA).close()  # upgraded, where it is an older one
        except UnusableDatabaseError as error:
            raise UnusableArchiveError(str(error).replace(str(staging / DATABASE_FILE), str(file))) from None
        for path in sorted(staging.rglob("*")):
            synchronise(path)
        before = None
        if folder.exists():
            lock.take()
            if any(path.name != LOCK_FILE for path in folder.iterdir()):
                moment = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S")
                before = folder.with_name(f"{folder.name}-before-restore-{moment}")
                os.rename(folder, before)
            else:
                shutil.rmtree(folder)
        os.rename(staging, folder)
        synchronise(folder.parent)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        lock.release()
    return Restored(folder, count, before)


@contextlib.contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """A folder on the file system of the data, so that files in it can be second names; those of the killed go."""
    for left_over in folder.glob(f"{_STAGING}*"):
        if not _is_running(int(left_over.name.removeprefix(_STAGING))):
            shutil.rmtree(left_over, ignore_errors=True)
    staging = folder / f"{_STAGING}{os.getpid()}"
    staging.mkdir(mode=0o700)
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _freeze(folder: Path, staging: Path) -> None:
    """Brings the content of one moment into the staging folder."""
    with contextlib.closing(_open(folder)) as writer, contextlib.closing(_open(folder)) as reader:
        writer.execute("BEGIN IMMEDIATE")
        try:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the snapshot begins with the first look
            _link_tree(folder / FILES_FOLDER / CONTENT_FOLDER, staging / FILES_FOLDER)
            for name in _SECRETS:
                if (folder / name).is_file():
                    shutil.copy(folder / name, staging / name)
        finally:
            writer.execute("ROLLBACK")
        copy_database(reader, staging / DATABASE_FILE)


def _open(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(folder / DATABASE_FILE, timeout=BUSY_TIMEOUT, isolation_level=None)


def _link_tree(source: Path, target: Path) -> None:
    """A second name for each file: the store replaces files and never changes one, so the content stays."""
    for root, _, names in os.walk(source):
        here = target / Path(root).relative_to(source)
        here.mkdir(parents=True)
        for name in names:
            try:
                os.link(Path(root, name), here / name, follow_symlinks=False)
            except FileNotFoundError:  # deleted a moment ago
                continue
            except OSError:  # a file system without second names
                shutil.copy2(Path(root, name), here / name, follow_symlinks=False)


def _require_sound(database: Path, named: Path) -> None:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        try:
            told = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        except sqlite3.DatabaseError as error:
            told = str(error)
    if told != "ok":
        raise UnusableArchiveError(f"{named} is damaged ({told.splitlines()[-1]}); nothing was written")


def _write(staging: Path, file: Path) -> int:
    """Packs the staging folder; how many files of the store there are."""
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "server": SERVER_VERSION,
    }
    (staging / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    paths = sorted(path for path in staging.rglob("*") if path.is_file() and not path.is_symlink())
    paths.sort(key=lambda path: path.name != MANIFEST or path.parent != staging)  # the manifest first
    descriptor, partial = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            with tarfile.open(fileobj=stream, mode="w:gz" if file.suffix in {".gz", ".tgz"} else "w") as tar:
                sums = {path.relative_to(staging).as_posix(): _pack(tar, path, staging) for path in paths}
                text = checksums.written(sums).encode("utf-8", "surrogateescape")
                last = tarfile.TarInfo(checksums.FILE_NAME)
                last.size, last.mode = len(text), 0o600
                tar.addfile(last, io.BytesIO(text))
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(partial, file)
        synchronise(file.parent)
    except BaseException:
        os.unlink(partial)
        raise
    return sum(name.startswith(f"{FILES_FOLDER}/") for name in sums)


def _pack(tar: tarfile.TarFile, path: Path, staging: Path) -> str:
    """Adds a file; its checksum."""
    with path.open("rb") as stream:
        info = tar.gettarinfo(arcname=path.relative_to(staging).as_posix(), fileobj=stream)
        # Two stored files can be one to the file system; in the archive each has its content.
        info.type, info.linkname = tarfile.REGTYPE, ""
        info.size = os.fstat(stream.fileno()).st_size
        reader = HashingReader(stream)
        tar.addfile(info, reader)
    return reader.checksum


def _unpack(file: Path, staging: Path) -> int:
    """Unpacks a backup and compares its checksums; how many files of the store there are."""
    found: dict[str, str] = {}
    expected = None
    try:
        with tarfile.open(file, mode="r:*") as tar:
            for member in tar:
                if not member.isfile() or not _is_ours(member.name):
                    raise UnusableArchiveError(f"{file} is no backup of an embedded server: it holds {member.name!r}")
                content = tar.extractfile(member)
                assert content is not None  # a file's, as was looked at
                if member.name == checksums.FILE_NAME:
                    expected = checksums.read(content.read().decode("utf-8", "surrogateescape"))
                    continue
                name = PurePosixPath(member.name)
                if name.parts[0] == FILES_FOLDER:  # below which the store keeps its content in a folder of its own
                    name = PurePosixPath(FILES_FOLDER, CONTENT_FOLDER, *name.parts[1:])
                target = staging / name
                target.parent.mkdir(parents=True, exist_ok=True)
                reader = HashingReader(content)
                with target.open("xb") as stream:
                    shutil.copyfileobj(reader, stream, checksums.CHUNK)
                found[member.name] = reader.checksum
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        what = str(error).splitlines()[0]
        raise UnusableArchiveError(f"{file} is no backup, or not a whole one ({what})") from None
    if expected is None or MANIFEST not in found:
        raise UnusableArchiveError(f"{file} is no backup of an embedded server, or not a whole one")
    if told := checksums.differences(expected, found):
        raise UnusableArchiveError(f"{file} is damaged: {told}")
    manifest = json.loads((staging / MANIFEST).read_text(encoding="utf-8"))
    if manifest["format"] != FORMAT or manifest["version"] > VERSION:
        raise UnusableArchiveError(f"{file} was written by a newer version of the server; install that version")
    return sum(name.startswith(f"{FILES_FOLDER}/") for name in found)


def _is_ours(name: str) -> bool:
    path = PurePosixPath(name)
    alone = {MANIFEST, DATABASE_FILE, *_SECRETS, checksums.FILE_NAME}
    return name in alone or (path.parts[:1] == (FILES_FOLDER,) and len(path.parts) > 1 and ".." not in path.parts)
