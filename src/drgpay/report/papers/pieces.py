"""What several papers of an institution have: head, steps, bank movements, payment modes, sources, signatures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from drgpay import policy as law
from drgpay.ledger import Entry, event_words
from drgpay.report.labels import column_words, word
from drgpay.report.papers import model
from drgpay.report.papers.amounts import in_capitals
from drgpay.report.papers.of_run import OfRun, Row
from drgpay.report.views import NUMBERS, field, show
from drgpay.report.workbook import unit_words
from drgpay.sources import cited
from drgpay.steps.settlement import Item
from drgpay.tables import INSTITUTION_MONTHS, INSTITUTIONS, MODE_PAYMENTS, Table
from drgpay.units import ONE, show_fen
from drgpay.words import value_words

SIGNED_BY = (("paper_office", ("paper_handler", "paper_reviewer", "paper_approver", "paper_date")),
             ("paper_house", ("paper_confirmed", "paper_stamp", "paper_date")))  # fmt: skip


_LONG = ("drg_name", "mode_text", "not_met", "cause")
"""columns of texts that may take more than a line"""
_FORMULA = re.compile(r"^[^=，,]+ = ")
"""the name before a formula, which the row says already"""


class Desk:
    """One institution's paper of a run, in one language."""

    def __init__(self, run: OfRun, institution: str, lang: str) -> None:
        self.run, self.institution, self.lang = run, institution, lang
        self.parameters: list[str] = []
        """policy parameters that its figures go by"""

    def say(self, key: str, **values: object) -> str:
        """A text of the catalogue."""
        return word(key)[self.lang].format(**values)

    def rows(self, table: Table, month: int | None = None) -> list[Row]:
        """The institution's rows of a small table."""
        return self.run.rows(table, self.institution, month)

    def by_scheme(self, table: Table, month: int | None = None) -> dict[str, Row]:
        """The same, one row per insurance scheme."""
        return {row["insurance_scheme"]: row for row in self.rows(table, month)}

    def go_by(self, names: Iterable[str]) -> None:
        """Note the parameters of a figure, each once."""
        self.parameters += [name for name in names if name not in self.parameters]

    def period(self) -> str:
        """The month or year the run settled."""
        return self.say("paper_month" if self.run.month else "paper_year", year=self.run.year, month=self.run.month)

    def scheme_heads(self) -> list[str]:
        """Headings of the insurance schemes, and of both together."""
        heads = [word(s)[self.lang] for s in self.run.schemes]
        return [*heads, self.say("together")] if len(heads) > 1 else heads

    def across(self, values: Mapping[str, Any], *, adds_up: bool) -> list[Any]:
        """A figure of every insurance scheme, and its sum where it means something."""
        found = [values.get(s) for s in self.run.schemes]
        known = [v for v in found if v is not None]
        if len(found) == 1:
            return found
        return [*found, sum(known) if adds_up and known else None]

    def facts(self) -> list[tuple[str, str]]:
        """Who it is for, what it was made from, and how to know the run again."""
        run, h = self.run, self.institution
        registered = next(iter(self.rows(INSTITUTIONS)), {})
        after, seal, known = run.manifest.get("after"), run.seal, run.manifest["known_on"]
        sealed = self.say("paper_sealed", by=seal["by"], on=seal["on"]) if seal else self.say("paper_unsealed")
        found = [
            (self.say("paper_institution"), run.names.get(h, h)),
            (self.say("paper_code"), h),
            (self.say("paper_level"), show("word", registered.get("level"))[self.lang] or "–"),
            (self.say("paper_period"), self.period()),
            (self.say("practice"), run.practice[self.lang == "en"]),
            (self.say("scheme"), show("word", run.manifest["scheme"])[self.lang]),
            (self.say("paper_run"), str(run.manifest["run"])),
            (self.say("paper_state"), sealed),
        ]
        if known:
            found.append((self.say("paper_known_on"), str(known)))
        opened = run.manifest.get("reopens")
        if opened:
            found.append((self.say("paper_reopened"), str(opened["reason"])))
        if after:
            found.append((self.say("paper_after"), f"{after['link']} · {after['digest'][:12]}"))
        return found

    def how(self, name: str, table: Table, items: Mapping[str, Item]) -> str:
        """How a figure comes about: its formula, else its definition; its parameters are noted."""
        item = items.get(name)
        if item is not None:
            self.go_by(item.parameters)
            said = item.zh if self.lang == "zh" else item.en
        else:
            said = column_words(name, table)[1][self.lang]
        head = column_words(name, table)[0][self.lang]
        return "" if said == head else _FORMULA.sub("", said)

    def step(
        self, name: str, table: Table, rows: Mapping[str, Row], how: str = "", *, head: str = "", strong: bool = False
    ) -> model.Line:
        """A figure over the insurance schemes with how it comes about."""
        column = field(name, table)
        values = {scheme: row[name] for scheme, row in rows.items()}
        text = (head or column.head[self.lang]) + unit_words(column.kind, self.lang)
        numbers = self.across(values, adds_up=column.adds_up)
        return model.Line((text, *numbers, how), column.kind, strong)

    def steps(self, title: str, lines: Iterable[model.Line]) -> model.Table:
        """The table of steps."""
        columns = (
            model.Column(self.say("item"), share=3),
            *(model.Column(head, "fen") for head in self.scheme_heads()),
            model.Column(self.say("paper_how"), share=5),
        )
        return model.Table(title, columns, tuple(lines))

    def bank(self, title: str, wanted: Callable[[Entry], bool]) -> model.Table | None:
        """What left the bank for the institution (−: what it paid back) by what it was for, as the ledger has it."""
        sums: dict[str, dict[str, int]] = {}
        for entry in self.run.ledger:
            paid = self._paid(entry)
            if paid and wanted(entry):
                of = sums.setdefault(entry.event, {})
                of[entry.insurance_scheme] = of.get(entry.insurance_scheme, 0) + paid
        if not sums:
            return None
        lines = [
            model.Line((_begun(event_words(event, self.lang, self.run.names)), *self.across(values, adds_up=True)))
            for event, values in sums.items()
        ]
        every = {s: sum(of.get(s, 0) for of in sums.values()) for s in self.run.schemes}
        columns = (
            model.Column(self.say("item"), share=3),
            *(model.Column(h + unit_words("fen", self.lang), "fen") for h in self.scheme_heads()),
        )
        total = model.Line((self.say("total"), *self.across(every, adds_up=True)), strong=True)
        return model.Table(title, columns, tuple(lines), total)

    def _paid(self, entry: Entry) -> int:
        own, bank = f"{entry.insurance_scheme}:{self.institution}:", f"{entry.insurance_scheme}:bank"
        if entry.credit == bank and entry.debit.startswith(own):
            return entry.amount
        return -entry.amount if entry.debit == bank and entry.credit.startswith(own) else 0

    def result(self, key: str, bank: model.Table | None) -> tuple[str, str, str]:
        """The one figure of a payment: what leaves the bank in all, as a number and in words."""
        fen = bank.total.values[-1] if bank and bank.total else 0
        if fen < 0:
            key += "_back"
        words = in_capitals(abs(fen)) if self.lang == "zh" else ""
        return self.say(key), f"{show_fen(abs(fen))} {self.say('paper_yuan')}", words

    def listed(
        self, title: str, table: Table, names: Sequence[str], rows: Sequence[Row], *, total: bool = True, **more: Any
    ) -> model.Table | None:
        """Rows of a table of the dictionary under its own headings, codes in words already; nothing without rows."""
        if not rows:
            return None
        columns, sums = [], []
        for name in names:
            of = next((t for t in (table, INSTITUTION_MONTHS) if name in t.names), None)
            column = field(name, of, "" if of else "text")
            kind = column.kind if column.kind in (*NUMBERS, "month") else "text"
            number = kind in NUMBERS
            head = column.head[self.lang] + unit_words(kind, self.lang)
            columns.append(model.Column(head, kind, 2 if name in _LONG else 0))
            sums.append(sum(r[name] or 0 for r in rows) if number and column.adds_up else None)
        if not any(column.share for column in columns):
            first = next(i for i, column in enumerate(columns) if column.kind == "text")
            columns[first] = replace(columns[first], share=1)
        lines = tuple(model.Line(tuple(row[name] for name in names)) for row in rows)
        below = model.Line((self.say("total"), *sums[1:]), strong=True) if total and len(rows) > 1 else None
        return model.Table(title, tuple(columns), lines, below, **more)

    def modes(self) -> model.Table | None:
        """What other payment modes pay in the period."""
        rows = [
            row
            | {"mode_text": self._mode(row), "scheme_text": word(row["insurance_scheme"])[self.lang]}
            for row in self.rows(MODE_PAYMENTS, self.run.month)
        ]  # fmt: skip
        names = ["scheme_text", "mode_text", "n", "days", "before", "factor", "refused", "due", "deposit",
                 "forfeited", "paid"]  # fmt: skip
        dull = {"days": 0, "factor": ONE, "refused": 0, "forfeited": 0}
        names = [n for n in names if n not in dull or any(row[n] != dull[n] for row in rows)]
        if rows:
            self.go_by(("modes.rules", "settlement.monthly_pay_ratio"))
        return self.listed(self.say("paper_modes"), MODE_PAYMENTS, names, rows, apart=True)

    def _mode(self, row: Row) -> str:
        parts = [row["setting"], row["mode"], *([] if row["category"] == "-" else [row["category"]])]
        return " · ".join(word(part)[self.lang] for part in parts)

    def sources(self) -> model.Table | None:
        """The parameters that the figures go by, with their values and the documents and clauses they come from."""
        lines = []
        for name, months, policy in self.run.laws.sourced(self.parameters):
            head = law.parameter_words(name)[self.lang == "en"]
            if months:
                head += " " + self.say("paper_months_of", first=months[0], last=months[1])
            value = policy.source(name)
            said = cited(value.source, value.clause, self.lang)
            lines.append(model.Line((head, value_words(value.value, self.lang), said)))
        columns = (model.Column(self.say("paper_parameter"), share=3), model.Column(self.say("value"), share=3),
                   model.Column(self.say("paper_source"), share=5))  # fmt: skip
        return model.Table(self.say("paper_sources"), columns, tuple(lines), apart=True) if lines else None

    def signatures(self) -> tuple[model.Signature, ...]:
        """The lines that office and institution fill in by hand."""
        return tuple(
            model.Signature(self.say(party), tuple(self.say(line) for line in lines)) for party, lines in SIGNED_BY
        )

    def paper(
        self, title: str, blocks: Iterable[model.Table | model.Text | None], *,
        result: tuple[str, str, str] | None = None, signed: bool = True, broad: bool = False,
    ) -> model.Paper:  # fmt: skip
        """The paper around its blocks; those without anything in them are left out."""
        title_of = (self.run.manifest.get("region") or {}).get("title") or {}
        area = title_of.get(self.lang) or str(self.run.manifest["region"]["id"])
        return model.Paper(
            self.lang, area, self.say(title), self.period(), tuple(self.facts()),
            tuple(block for block in blocks if block is not None),
            self.signatures() if signed else (),
            self.say("paper_trace", run=self.run.manifest["run"], digest=self.run.digest), result, broad,
        )  # fmt: skip


def _begun(text: str) -> str:
    return text[:1].upper() + text[1:]
