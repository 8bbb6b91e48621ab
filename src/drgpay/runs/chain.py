"""The chain of a book (账本): one area and settlement year, month after month to the clearing (design/12 §2).

A link names the sealed link before it by the digest of its manifest. Where that lies is found through the list of
seals of the folder of runs. Nothing of a link is ever rewritten: what comes later adds to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from drgpay.engine import MANIFEST, read_manifest, table_path
from drgpay.errors import DrgpayError, Kind
from drgpay.ledger import Entry, Ledger, Opening
from drgpay.places import real_path
from drgpay.runs.ledgers import ledger_of
from drgpay.runs.manifest import TABLES, file_digest
from drgpay.runs.seals import Seal, folder_of, link_of, read_seals, seal_of
from drgpay.tables import CORRECTIONS


@dataclass(frozen=True)
class Link:
    """One run of a book: its folder, manifest, digest and ledger. ``seal``: None while it is not sealed."""

    folder: Path
    manifest: Mapping[str, Any]
    digest: str
    seal: Seal | None

    @property
    def name(self) -> str:
        """``m01`` … ``m12``, ``year``, ``r1`` …"""
        return link_of(dict(self.manifest))

    @property
    def month(self) -> int | None:
        """The month it settles; None for the clearing and what opens it again."""
        return self.manifest["month"] if self.manifest["kind"] == "month" else None

    @property
    def tables(self) -> Path:
        """Folder of its tables."""
        return self.folder / TABLES

    @cached_property
    def ledger(self) -> Ledger:
        """Its own entries, with what they go on from."""
        return ledger_of(self.folder)


@dataclass(frozen=True)
class Chain:
    """The links of a book in order, the first month first."""

    links: tuple[Link, ...]

    @property
    def first(self) -> Link:
        """The link whose base groups hold for the whole book."""
        return self.links[0]

    @property
    def last(self) -> Link:
        """The link that a next one follows."""
        return self.links[-1]

    @property
    def area(self) -> str:
        """The pooling area."""
        area: str = self.last.manifest["region"]["id"]
        return area

    @property
    def year(self) -> int:
        """The settlement year."""
        year: int = self.last.manifest["year"]
        return year

    def described(self) -> dict[str, Any]:
        """What the manifest of a next link says of this chain."""
        return {"link": self.last.name, "run": self.last.manifest["run"], "digest": self.last.digest,
                "head": self.last.ledger.head}  # fmt: skip

    def entries(self) -> Iterator[Entry]:
        """All entries of the book, in order."""
        for link in self.links:
            yield from link.ledger

    def opening(self) -> Opening:
        """What the ledger of a next link goes on from."""
        ledger = self.last.ledger
        return Opening(self.last.digest, ledger.head, sum(len(link.ledger) for link in self.links), ledger.balances())

    def taken(self) -> frozenset[str]:
        """Ids of all entries."""
        return frozenset(entry.entry_id for entry in self.entries())


def months_paid(chain: Chain | None, outside: pl.DataFrame, year: int) -> frozenset[int]:
    """Months of a year that the links of a chain booked, or that the register ``months_paid`` says were paid outside
    the program."""
    links = chain.links if chain else ()
    said = outside.filter(pl.col("year") == year)["month"].to_list()
    return frozenset(said) | {link.month for link in links if link.month}


def correction_files(tables: Path) -> list[Path]:
    """The files of table ``corrections`` of a link, of every month corrected; none where nothing was, as in a first
    link."""
    return sorted(table_path(tables, CORRECTIONS).rglob("*.parquet"))


def read_link(folder: Path, seals: list[Seal] | None = None) -> Link:
    """A run as a link. Raises as :func:`drgpay.engine.read_manifest`."""
    manifest = read_manifest(folder)
    return Link(folder, manifest, file_digest(folder / MANIFEST), seal_of(folder, seals))


def before_of(run: Path, manifest: Mapping[str, Any]) -> Path | None:
    """The folder of the run that a run goes on from; None for a first link. BROKEN when it is gone or changed."""
    after = manifest.get("after")
    if not after:
        return None
    runs = real_path(run).parent
    seal = next((s for s in read_seals(runs) if s.digest == after["digest"]), None)
    if seal is None:
        raise _broken("找不到前一期的封账记录", "the seal of the run before is not in the list", read_link(run))
    return folder_of(seal, runs)


def read_chain(last: Path, *, sealed: bool = True) -> Chain:
    """The book that ends with a run, from its first link. With ``sealed`` the last must be sealed too.

    USAGE: the run is no month and no clearing, or is not sealed. BROKEN: a predecessor is gone or was changed, or the
    links do not follow each other.
    """
    runs = real_path(last).parent
    seals = read_seals(runs)
    link = read_link(last, seals)
    if link.manifest["kind"] not in ("month", "year"):
        raise _wrong("这里不是月结或年清算的结果", "this is neither a month nor a clearing", link,
                     "给出 drgpay run 的结果", "name a result of drgpay run")  # fmt: skip
    if sealed and link.seal is None:
        raise _wrong("前一期还没有封账", "the run before is not sealed", link,
                     f"先 drgpay run seal {last.name} --by 姓名",
                     f"first: drgpay run seal {last.name} --by NAME")  # fmt: skip
    links = [link]
    while (after := links[0].manifest.get("after")) is not None:
        before = next((s for s in seals if s.digest == after["digest"]), None)
        if before is None:
            raise _broken("找不到前一期的封账记录", "the seal of the run before is not in the list", links[0])
        links.insert(0, read_link(folder_of(before, runs), seals))
    chain = Chain(tuple(links))
    check_order(chain)
    return chain


def check_order(chain: Chain) -> None:
    """The links are of one area and year, follow each other without a gap, and their ledgers go on from each other.
    Raises BROKEN naming the link."""
    for number, (before, link) in enumerate(zip((None, *chain.links), chain.links, strict=False)):
        of = (link.manifest["region"]["id"], link.manifest["year"])
        if of != (chain.area, chain.year):
            raise _broken("属于另一个统筹区或年度", "belongs to another area or year", link)
        opening = link.ledger.opening
        if before is None:
            if opening is not None:
                raise _broken("账本的第一期却有前期", "the first link of a book goes on from another", link)
            continue
        said = (opening.run, opening.head, opening.balances) if opening else None
        if said != (before.digest, before.ledger.head, before.ledger.balances()):
            raise _broken("总账与前一期不相接", "the ledger does not go on from the one before", link)
        if _falls(before.manifest.get("known_on"), link.manifest.get("known_on")):
            raise _broken("知悉日期早于前一期", "knows less than the one before", link)
        if not follows(before.name, link.name):
            raise _broken(f"第 {number + 1} 期不接着 {before.name}", f"does not follow {before.name}", link)


def _falls(before: str | None, now: str | None) -> bool:
    """Whether a day of knowledge is earlier than the one before; without one everything is known."""
    return now is not None and (before is None or now < before)


def check_known(chain: Chain, known_on: date | None) -> None:
    """What a chain knows a next link knows too. USAGE where its day is earlier; without a day everything is known."""
    before, now = chain.last.manifest.get("known_on"), known_on.isoformat() if known_on else None
    if _falls(before, now):
        raise DrgpayError(
            Kind.USAGE, zh=f"知悉日期不能早于前一期:{now} 早于 {before or '不限(全部已知)'}",
            en=f"the day of knowledge cannot fall along a book: {now} is before {before or 'no day (all is known)'}",
            file=chain.last.folder.name, field="--known-on", value=now,
            fix_zh=f"给出 {before} 或更晚的日期" if before else "不用 --known-on",
            fix_en=f"name {before} or a later day" if before else "leave --known-on out",
        )  # fmt: skip


def follows(before: str, name: str) -> bool:
    """Whether a link may come after another: the next month, the clearing after December, a re-opening after it."""
    if name == "year":
        return before == "m12"
    if name.startswith("r"):
        return before == ("year" if name == "r1" else f"r{int(name[1:]) - 1}")
    return before.startswith("m") and int(name[1:]) == int(before[1:]) + 1


def reopen(cleared: Path, *, area: str, year: int, newest: bool = True) -> Chain:
    """The chain that ends with a clearing (or what opened it again before), to be opened again.

    USAGE as :func:`go_on`, and for a month: earlier months are corrected, not opened.
    """
    chain = read_chain(cleared)
    if chain.last.month is not None:
        raise _wrong("只能重开清算;已封账的月份用更正",
                     "only a clearing can be opened again; a sealed month is corrected",
                     chain.last, "给出年度清算的结果", "name the run of the clearing")  # fmt: skip
    last = chain.last.name
    name = "r1" if last == "year" else f"r{int(last[1:]) + 1}"
    return go_on(cleared, area=area, year=year, month=None, name=name, newest=newest)


def go_on(after: Path, *, area: str, year: int, month: int | None, name: str = "", newest: bool = True) -> Chain:
    """The chain that a month, or the clearing (None), of an area and year goes on from; ``name``: of another link;
    ``newest``: it must be the last sealed one.

    USAGE: another area or year, a gap, or a predecessor that is not sealed or is not the last of its book.
    """
    chain = read_chain(after)
    name = name or ("year" if month is None else f"m{month:02d}")
    if chain.area != area:
        raise _mismatch("统筹区", "area", chain.area, area, after)
    if chain.year != year:
        raise _mismatch("年度", "year", str(chain.year), str(year), after)
    if not follows(chain.last.name, name):
        zh, en = ("清算", "the clearing") if month is None else (f"{month} 月", f"month {month}")
        raise _wrong(f"{zh}不能接在 {chain.last.name} 之后:中间有空缺或已结过", f"{en} does not follow "
                     f"{chain.last.name}: there is a gap, or it is settled already", chain.last,
                     "给出紧接的前一期", "name the link right before it")  # fmt: skip
    newer = [s for s in read_seals(real_path(after).parent) if (s.area, s.year) == (area, year)]
    if newest and newer[-1].digest != chain.last.digest:
        raise _wrong("它之后已有封账的一期", "a later link is sealed already", chain.last,
                     f"接在 {newer[-1].run} 之后", f"go on from {newer[-1].run}")  # fmt: skip
    return chain


def _mismatch(zh: str, en: str, theirs: str, ours: str, after: Path) -> DrgpayError:
    return DrgpayError(
        Kind.USAGE, zh=f"前一期属于另一个{zh}:{theirs} ≠ {ours}",
        en=f"the run before is of another {en}: {theirs} ≠ {ours}",
        file=after.name, field="--after", fix_zh="给出同一账本的前一期", fix_en="name a run of the same book",
    )  # fmt: skip


def _wrong(zh: str, en: str, link: Link, fix_zh: str, fix_en: str) -> DrgpayError:
    return DrgpayError(Kind.USAGE, zh=zh, en=en, file=link.folder.name, field="--after", fix_zh=fix_zh, fix_en=fix_en)


def _broken(zh: str, en: str, link: Link) -> DrgpayError:
    return DrgpayError(
        Kind.BROKEN, zh=zh, en=en, file=link.folder.name, field=link.name, fix_zh="从备份恢复;封账的结果从不修改",
        fix_en="restore it from a backup; what is sealed is never changed",
    )  # fmt: skip
