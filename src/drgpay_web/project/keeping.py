"""Backup and restore: the data base as it is at one moment, then the files, which have all that it names.

Not in a backup: the office's secret (a new one is made, and people sign in again), composed regions (made again when
asked for), collected static files, and the logs of jobs.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

import zstandard

from drgpay.errors import DrgpayError, Kind
from drgpay_web.project.places import home, last_backup, make_home

ABOUT, SQLITE, POSTGRESQL = "about.json", "database.sqlite3", "database.pgdump"
KEPT = ("office.json", "demo.json", "inbox", "areas", "schemes", "exports")
LEFT_OUT = "regions"
TOOL = "drgpay-web"


def backup(target: Path) -> int:
    """Write the office into one file (tar.zst, its owner's alone), whole or not at all; how many files it holds.
    Raises USAGE where the target is there."""
    if target.exists():
        raise DrgpayError(
            Kind.USAGE, zh="文件已存在", en="the file exists", file=target.name,
            fix_zh="换一个文件名", fix_en="choose another name",
        )  # fmt: skip
    draft = target.with_name(f".{target.name}.partial")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with (
            os.fdopen(handle, "wb") as out,
            zstandard.ZstdCompressor(level=3, threads=1).stream_writer(out) as packed,
        ):
            with tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar:
                count = _pack(tar)
            packed.flush(zstandard.FLUSH_FRAME)
            out.flush()
            os.fsync(out.fileno())
        os.replace(draft, target)
        last_backup(home()).touch(mode=0o600)
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()
    return count


def _pack(tar: tarfile.TarFile) -> int:
    with tempfile.TemporaryDirectory(dir=home(), prefix=".backup-") as scratch:
        name = _dump(Path(scratch))
        said = json.dumps({"tool": TOOL, "database": name}).encode()
        info = tarfile.TarInfo(ABOUT)
        info.size = len(said)
        tar.addfile(info, io.BytesIO(said))
        tar.add(Path(scratch) / name, name)
    count = 0
    for path in _files(home()):
        tar.add(path, path.relative_to(home()).as_posix(), recursive=False)
        count += 1
    return count


def _files(folder: Path) -> Iterator[Path]:
    """Files of the office, in the order of their names; nothing hidden, no composed region."""
    for name in KEPT:
        top = folder / name
        paths = [top] if top.is_file() else sorted(top.rglob("*"))
        for path in paths:
            its = path.relative_to(folder).parts
            composed = len(its) > 2 and its[0] == "areas" and its[2] == LEFT_OUT
            hidden = any(part.startswith(".") for part in its[:-1]) or its[-1].endswith((".partial", ".lock"))
            if path.is_file() and not composed and not hidden:
                yield path


def _dump(scratch: Path) -> str:
    """The data base at one moment, as one file; its name."""
    from django.conf import settings

    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        with (
            closing(sqlite3.connect(home() / "office.sqlite3")) as own,
            closing(sqlite3.connect(scratch / SQLITE)) as copy,
        ):
            own.backup(copy)
        return SQLITE
    _tool("pg_dump", "--format=custom", "--no-owner", f"--file={scratch / POSTGRESQL}", _address())
    return POSTGRESQL


def restore(source: Path) -> None:
    """Make an office from a backup where none is. Raises USAGE where an office is, or for another data base; DATA for
    a file that is no backup, or not whole. Nothing of it is left then."""
    folder = home()
    if folder.exists() and any(folder.iterdir()):
        raise DrgpayError(
            Kind.USAGE, zh="这里已有工作台,不能恢复到此处",
            en="an office is here; a backup is not restored over it", value=folder.name,
            fix_zh="用 DRGPAY_HOME 指明一个空的位置", fix_en="name an empty place with DRGPAY_HOME",
        )  # fmt: skip
    if not source.is_file():
        raise DrgpayError(
            Kind.DATA, zh="没有这个备份文件", en="no such backup", file=source.name,
            fix_zh="检查文件名", fix_en="check its name",
        )  # fmt: skip
    with _draft(folder) as draft:
        name = _unpack(source, draft)
        if (name == SQLITE) == bool(os.environ.get("DRGPAY_DATABASE")):
            raise DrgpayError(
                Kind.USAGE, zh="备份来自另一种数据库", en="the backup is of another kind of data base",
                file=source.name,
                fix_zh="SQLite 的备份不设 DRGPAY_DATABASE;PostgreSQL 的备份须设",
                fix_en="leave DRGPAY_DATABASE unset for SQLite; set it for PostgreSQL",
            )  # fmt: skip
        if name == POSTGRESQL:
            _tool("pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", f"--dbname={_address()}",
                  str(draft / POSTGRESQL))  # fmt: skip
            (draft / POSTGRESQL).unlink()
        else:
            (draft / SQLITE).rename(draft / "office.sqlite3")
        (draft / ABOUT).unlink()
        make_home(draft)


@contextmanager
def _draft(folder: Path) -> Iterator[Path]:
    """A folder beside the office's place that takes it when all went well."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.restore-"))
    try:
        yield draft
        with suppress(FileNotFoundError):
            folder.rmdir()
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _own(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Files and folders that lie inside, and belong to whoever restores: Python before 3.11.4 takes any other too."""
    for member in tar:
        path = PurePosixPath(member.name)
        if not (member.isfile() or member.isdir()) or path.is_absolute() or ".." in path.parts:
            raise tarfile.TarError(member.name)
        member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
        yield member


def _unpack(source: Path, draft: Path) -> str:
    """Everything of a backup into ``draft``; the name of its data base."""
    try:
        with (
            source.open("rb") as packed,
            zstandard.ZstdDecompressor().stream_reader(packed) as plain,
            tarfile.open(fileobj=plain, mode="r|") as tar,
        ):
            tar.extraction_filter = getattr(tarfile, "data_filter", lambda member, _place: member)
            tar.extractall(draft, members=_own(tar))
        about: dict[str, Any] = json.loads((draft / ABOUT).read_text(encoding="utf-8"))
        name = str(about["database"])
        whole = about.get("tool") == TOOL and name in (SQLITE, POSTGRESQL) and (draft / name).is_file()
    except (tarfile.TarError, zstandard.ZstdError, EOFError, ValueError, KeyError, FileNotFoundError) as error:
        raise _no_backup(source) from error
    if not whole:
        raise _no_backup(source)
    return name


def _no_backup(source: Path) -> DrgpayError:
    return DrgpayError(
        Kind.DATA, zh="这不是完整的备份文件", en="this is no whole backup", file=source.name,
        fix_zh="换一份由 drgpay-web backup 写出的文件", fix_en="take a file that drgpay-web backup has written",
    )  # fmt: skip


def _address() -> str:
    return os.environ["DRGPAY_DATABASE"]


def _tool(name: str, *arguments: str) -> None:
    """Run a tool of PostgreSQL. Raises ENGINE where it is not there or fails."""
    there = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    program = shutil.which(name) or (str(there[-1]) if there else None)
    done = program and subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    if not done or done.returncode:
        last = done.stderr.strip().splitlines()[-1:] if done else []
        raise DrgpayError(
            Kind.ENGINE, zh=f"{name} 没有成功", en=f"{name} did not succeed", value=" ".join(last)[:200] or None,
            fix_zh="安装 PostgreSQL 的客户端程序,检查 DRGPAY_DATABASE",
            fix_en="install the client programs of PostgreSQL, and check DRGPAY_DATABASE",
        )  # fmt: skip
