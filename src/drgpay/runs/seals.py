"""Seals (封账): a run that counts is closed, read-only, and entered into the one list of its folder (design/12 §2).

``seals.jsonl`` lies in the folder that holds the runs: one line a seal, each with a hash over the line before it, so
that a line that is changed, taken out or put in is found; ``--head`` on paper finds a tail that was cut off. What was
sealed is known by the digest of its manifest. Signatures (ed25519) are optional; the public key is given to the one
who verifies and is never read from the runs.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from drgpay.engine import MANIFEST, read_manifest, writing
from drgpay.errors import DrgpayError, Kind
from drgpay.places import SEAL, drafted, locked, real_path
from drgpay.runs.manifest import file_digest, write_json

SEALS = "seals.jsonl"
SIGNATURE = "seal.sig"
_START = "drgpay seals"


@dataclass(frozen=True)
class Seal:
    """One line of the list: what was sealed, and by whom. ``link``: ``m01`` … ``m12``, ``year``, or ``r1`` … for a
    year that was opened again; ``run``: name of its folder when it was sealed; ``digest``: sha256 of its manifest."""

    area: str
    year: int
    link: str
    run: str
    digest: str
    ledger_head: str
    by: str
    on: str
    signed: bool
    before: str
    """hash of the line before"""
    hash: str

    @property
    def month(self) -> int | None:
        """The month that was sealed; None for a year."""
        return int(self.link[1:]) if self.link.startswith("m") else None


def link_of(manifest: dict[str, Any]) -> str:
    """The place of a run in its book: ``m01``, ``year``, ``r1``."""
    if manifest["kind"] == "month":
        return f"m{manifest['month']:02d}"
    opened = manifest.get("reopens")
    return f"r{opened['number']}" if opened else "year"


def read_seals(folder: Path) -> list[Seal]:
    """The seals of a folder of runs, in order; none where nothing was sealed. BROKEN when the chain does not hold."""
    path = folder / SEALS
    if not path.is_file():
        return []
    seals: list[Seal] = []
    before = hashlib.sha256(_START.encode()).hexdigest()
    try:
        lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise _broken(path, 0) from error
    for number, line in enumerate(lines, start=1):
        try:
            seal = Seal(**json.loads(line))
        except (ValueError, TypeError) as error:
            raise _broken(path, number) from error
        if seal.before != before or seal.hash != _hash(asdict(seal)):
            raise _broken(path, number)
        before = seal.hash
        seals.append(seal)
    return seals


def _hash(content: dict[str, Any]) -> str:
    plain = {name: value for name, value in content.items() if name != "hash"}
    return hashlib.sha256(json.dumps(plain, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _broken(path: Path, number: int) -> DrgpayError:
    return DrgpayError(
        Kind.BROKEN, zh="封账记录的哈希链在此断开", en="the chain of the seals breaks here", file=path.name,
        row=number, fix_zh="记录被改动;从备份恢复", fix_en="the list was changed; restore it from a backup",
    )  # fmt: skip


def seal_of(run: Path, seals: list[Seal] | None = None) -> Seal | None:
    """The seal of a run, by the digest of its manifest in the list of its folder; None when not sealed."""
    found = read_seals(real_path(run).parent) if seals is None else seals
    if not found:
        return None
    digest = file_digest(run / MANIFEST)
    return next((s for s in found if s.digest == digest), None)


def folder_of(seal: Seal, folder: Path) -> Path:
    """The folder of a sealed run: by its name, else whichever has the manifest. BROKEN when it is gone or changed."""
    named = folder / seal.run
    for candidate in (named, *sorted(p for p in folder.iterdir() if p.is_dir() and p != named)):
        manifest = candidate / MANIFEST
        if manifest.is_file() and file_digest(manifest) == seal.digest:
            return candidate
    raise DrgpayError(
        Kind.BROKEN, zh="已封账的运行结果不见了,或已被改动", en="a sealed run is gone, or was changed",
        file=seal.run, field=seal.link, value=seal.digest[:12],
        fix_zh="从备份恢复该文件夹", fix_en="restore its folder from a backup",
    )  # fmt: skip


def sealed_months(folder: Path) -> Callable[[str, int, int], bool]:
    """Whether a month of an area is sealed (or its year), by the lists of a folder and of the folders in it."""
    known = {(s.area, s.year, s.month) for place in _places(folder) for s in read_seals(place)}

    def sealed(area: str, year: int, month: int) -> bool:
        return (area, year, month) in known or (area, year, None) in known

    return sealed


def year_sealed(folder: Path) -> Callable[[str, int], bool]:
    """Whether the clearing of an area and year is sealed, by the lists of a folder and of the folders in it."""
    known = {(s.area, s.year) for place in _places(folder) for s in read_seals(place) if s.month is None}

    def sealed(area: str, year: int) -> bool:
        return (area, year) in known

    return sealed


def _places(folder: Path) -> Iterator[Path]:
    """The folder itself, and those in it that have a list."""
    yield folder
    if folder.is_dir():
        yield from sorted(p for p in folder.iterdir() if p.is_dir() and (p / SEALS).is_file())


def seal(run: Path, *, by: str, on: date, ledger_head: str, sign: Callable[[bytes], bytes] | None = None) -> Seal:
    """Enter a verified run into the list of its folder and make it read-only.

    USAGE: sealed already (by whom, when), another run of the same area, year and link is sealed, or its predecessor
    is not the last sealed link. ``ledger_head``: of the run's ledger; ``sign``: signs the hash of the seal.
    """
    folder = real_path(run).parent
    with locked(folder / SEALS, wait=30):
        return _sealed(run, folder, by, on, ledger_head, sign)


def check_next(run: Path) -> None:
    """A run may be sealed as the next of its book; raises USAGE as :func:`seal` does. A seal that was written but did
    not get into the list, because the program was stopped between the two, is taken out of the folder."""
    folder = real_path(run).parent
    _place(run, read_seals(folder))
    with locked(folder / SEALS, wait=30):
        seals = read_seals(folder)
        try:
            told = json.loads((run / SEAL).read_text(encoding="utf-8"))
            unfinished = told["before"] == _tail(seals) and told["digest"] == file_digest(run / MANIFEST)
        except (OSError, ValueError, KeyError, TypeError):
            unfinished = False
        if unfinished:
            _take_out(run)


def _sealed(
    run: Path, folder: Path, by: str, on: date, ledger_head: str, sign: Callable[[bytes], bytes] | None
) -> Seal:
    seals = read_seals(folder)
    area, year, link, digest = _place(run, seals)
    line: dict[str, Any] = {
        "area": area, "year": year, "link": link, "run": real_path(run).name, "digest": digest,
        "ledger_head": ledger_head, "by": by.strip(), "on": on.isoformat(), "signed": sign is not None,
        "before": _tail(seals),
    }  # fmt: skip
    made = Seal(**line, hash=_hash(line))
    try:
        if sign is not None:
            signature = sign(made.hash.encode())
            with drafted(run / SIGNATURE) as draft:
                draft.write_bytes(signature)
        write_json(run / SEAL, asdict(made))
        _close(run)
        path = folder / SEALS
        listed = path.read_bytes() if path.exists() else b""
        with drafted(path) as draft, draft.open("wb") as out:
            out.write(listed + (json.dumps(asdict(made), ensure_ascii=False, sort_keys=True) + "\n").encode())
            out.flush()
            os.fsync(out.fileno())
    except BaseException:
        _take_out(run)
        raise
    with writing(path):
        _keep(folder)
    return made


def _take_out(run: Path) -> None:
    """Open a run again whose seal did not get into the list."""
    for path in (run, *run.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | stat.S_IWUSR)
    for name in (SEAL, SIGNATURE):
        (run / name).unlink(missing_ok=True)


def _tail(seals: list[Seal]) -> str:
    return seals[-1].hash if seals else hashlib.sha256(_START.encode()).hexdigest()


def _place(run: Path, seals: list[Seal]) -> tuple[str, int, str, str]:
    """Area, year, link and digest of a run that may be sealed next."""
    manifest = read_manifest(run)
    area, year, link = manifest["region"]["id"], manifest["year"], link_of(manifest)
    digest = file_digest(run / MANIFEST)
    book = [s for s in seals if (s.area, s.year) == (area, year)]
    for old in book:
        if old.digest == digest:
            raise _refuse("已经封账", "is sealed already", old, "不必再封", "there is nothing to seal")
        if old.link == link:
            raise _refuse("该期已有另一个封账的结果", "another run of this period is sealed", old,
                          "已封账的不能再换;用更正", "what is sealed stays; use a correction")  # fmt: skip
    _follows(manifest, book)
    return area, year, link, digest


def _follows(manifest: dict[str, Any], book: list[Seal]) -> None:
    """A link is sealed after the one it follows, and that must be the last of its book."""
    after = manifest.get("after")
    last = book[-1].digest if book else None
    if (after["digest"] if after else None) != last:
        raise DrgpayError(
            Kind.USAGE, zh="这个结果不是接在最后一个封账之后", en="this run does not follow the last sealed one",
            value=book[-1].link if book else "–", fix_zh="用 --after 接在最后一个封账之后重新运行",
            fix_en="run it again with --after the last sealed one",
        )  # fmt: skip


def _refuse(zh: str, en: str, old: Seal, fix_zh: str, fix_en: str) -> DrgpayError:
    return DrgpayError(
        Kind.USAGE, zh=f"{zh}:{old.by},{old.on}", en=f"{en}: {old.by}, {old.on}", file=old.run, field=old.link,
        fix_zh=fix_zh, fix_en=fix_en,
    )  # fmt: skip


def _close(run: Path) -> None:
    """Nobody writes to the run any more, and the disk has all of it: the line in the list comes last, so that what is
    listed is closed and whole, wherever the power failed."""
    with writing(run):
        for path in [*run.rglob("*"), run]:
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
                _keep(path)


def _keep(path: Path) -> None:
    """Wait until the disk has a file, or the names in a folder."""
    held = os.open(path, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)
