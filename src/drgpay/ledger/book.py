"""Entries are added and never changed; a correction is a reversing entry; every entry's hash covers all before it."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

from drgpay.errors import DrgpayError, Kind
from drgpay.places import drafted

_LINE = json.JSONEncoder(ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True)
class Entry:
    """One amount that moves from the credit account to the debit account; fields as in table ``ledger``."""

    entry_id: str
    run: str
    date: date
    area: str
    insurance_scheme: str
    debit: str
    credit: str
    amount: int
    event: str
    institution_id: str | None = None
    month: int = 0
    parameter: str = ""

    def canonical(self) -> str:
        """The entry as one line of JSON, keys sorted: what is hashed and written."""
        return _LINE.encode(vars(self) | {"date": self.date.isoformat()})


def _broken(zh: str, en: str, **place: object) -> DrgpayError:
    return DrgpayError(
        Kind.BROKEN,
        zh=zh,
        en=en,
        fix_zh="账本被改动或损坏,请用原始数据重新运行",
        fix_en="the ledger was changed or damaged; run again from the inputs",
        **place,  # type: ignore[arg-type]
    )


@dataclass(frozen=True)
class Opening:
    """What a link of a chain of books goes on from: ``run`` (digest of the run before), the ``head`` of its ledger,
    how many ``entries`` the chain has until then, and the ``balances`` of all accounts."""

    run: str
    head: str
    entries: int
    balances: Mapping[str, int]

    def content(self) -> dict[str, Any]:
        """As it stands on the first line of a file."""
        return {"run": self.run, "head": self.head, "entries": self.entries,
                "balances": dict(sorted(self.balances.items()))}  # fmt: skip


class Ledger:
    """A book of entries. ``name`` opens the hash chain, so that two books are never mistaken for one another.

    A book may go on from an ``opening``: then its chain begins with the head before, and balances are those of the
    whole chain; its entries are its own. An id that is ``taken`` in the chain gets ``/r2``, ``/r3`` and so on.
    """

    def __init__(self, name: str, opening: Opening | None = None, taken: Set[str] = frozenset()) -> None:
        self.name, self.opening = name, opening
        self._taken = taken
        self._renamed: dict[str, str] = {}
        self._entries: dict[str, Entry] = {}
        self._hashes: list[str] = []
        self._balances: dict[str, int] = defaultdict(int)
        for account, amount in (opening.balances if opening else {}).items():
            self._balances[account] = amount

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def head(self) -> str:
        """Hash of the last entry, or of the empty book with what it goes on from."""
        if self._hashes:
            return self._hashes[-1]
        start = self.name if self.opening is None else self.name + _LINE.encode(self.opening.content())
        return hashlib.sha256(start.encode()).hexdigest()

    def post(self, entry: Entry) -> None:
        """Add an entry. The same id with the same content twice is posted once; with other content it is an error,
        as is an amount that is not a positive whole number of fen or an account against itself."""
        if entry.entry_id in self._taken:
            entry = replace(entry, entry_id=self._free(entry.entry_id))
        known = self._entries.get(entry.entry_id)
        if known == entry:
            return
        if known is not None:
            raise _broken("同一分录号有不同内容", "the same entry id with other content", value=entry.entry_id)
        if type(entry.amount) is not int or entry.amount <= 0 or entry.debit == entry.credit:
            raise _broken(
                "分录金额必须是正整数分,借贷科目不同",
                "an entry needs a positive whole amount and two accounts",
                value=entry.entry_id,
            )
        self._hashes.append(hashlib.sha256((self.head + entry.canonical()).encode()).hexdigest())
        self._entries[entry.entry_id] = entry
        self._balances[entry.debit] += entry.amount
        self._balances[entry.credit] -= entry.amount

    def _free(self, entry_id: str) -> str:
        """The id under which an entry is posted whose own is taken in the chain before; always the same one."""
        if entry_id not in self._renamed:
            free = (f"{entry_id}/r{n}" for n in count(2))
            self._renamed[entry_id] = next(i for i in free if i not in self._taken)
        return self._renamed[entry_id]

    def reverse(self, entry_id: str, on: date, run: str) -> Entry:
        """Post the opposite of an entry and return it; reversing twice is harmless."""
        if entry_id not in self._entries:
            raise _broken("没有这条分录", "no such entry", value=entry_id)
        old = self._entries[entry_id]
        new = replace(old, entry_id=f"{entry_id}/reversal", run=run, date=on, debit=old.credit, credit=old.debit,
                      event=f"{old.event}:reversal")  # fmt: skip
        self.post(new)
        return new

    def balance(self, account: str) -> int:
        """Debits minus credits of an account."""
        return self._balances.get(account, 0)

    def balances(self) -> dict[str, int]:
        """Balances of all accounts, by name; they add up to zero."""
        return dict(sorted(self._balances.items()))

    def total(self, event: str, *, insurance_scheme: str | None = None, institution_id: str | None = None) -> int:
        """Sum of the amounts of an event."""
        return sum(
            e.amount
            for e in self
            if e.event == event
            and (insurance_scheme is None or e.insurance_scheme == insurance_scheme)
            and (institution_id is None or e.institution_id == institution_id)
        )

    def write(self, path: Path) -> None:
        """Write the book as JSON lines under a temporary name, then rename. The first line names the book, the last
        says how many entries it has and the hash of the last one."""
        with drafted(path) as draft, draft.open("w", encoding="utf-8", newline="\n") as out:
            first: dict[str, Any] = {"ledger": self.name}
            if self.opening is not None:
                first["after"] = self.opening.content()
            out.write(json.dumps(first, ensure_ascii=False) + "\n")
            for entry, digest in zip(self, self._hashes, strict=True):
                out.write(f'{{"hash": "{digest}", "entry": {entry.canonical()}}}\n')
            out.write(json.dumps({"entries": len(self), "head": self.head}) + "\n")

    @staticmethod
    def read(path: Path) -> Ledger:
        """Read a book and verify its chain; a changed, missing or added line fails with its number."""
        try:
            # Not splitlines(): a text may hold other line separators.
            lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
            end = json.loads(lines.pop())
            first = json.loads(lines[0])
            after = first.get("after")
            ledger = Ledger(first["ledger"], Opening(**after) if after else None)
            for number, line in enumerate(lines[1:], start=2):
                record = json.loads(line)
                content = record["entry"]
                ledger.post(Entry(**(content | {"date": date.fromisoformat(content["date"])})))
                if ledger.head != record["hash"] or len(ledger) != number - 1:
                    raise _broken("哈希链在此断开", "the hash chain breaks here", file=path.name, row=number)
            if end != {"entries": len(ledger), "head": ledger.head}:
                raise _broken("账本末尾缺失", "the end of the ledger is missing", file=path.name)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise _broken("账本读不出", "the ledger cannot be read", file=path.name) from error
        return ledger


@dataclass(frozen=True)
class Whole:
    """A ledger together with the entries of the books it goes on from, as one: what a book of a year says."""

    past: tuple[Entry, ...]
    last: Ledger

    def __iter__(self) -> Iterator[Entry]:
        yield from self.past
        yield from self.last

    def balance(self, account: str) -> int:
        """Debits minus credits of an account over the whole book."""
        return self.last.balance(account)

    def balances(self) -> dict[str, int]:
        """Balances of all accounts over the whole book, by name."""
        return self.last.balances()
