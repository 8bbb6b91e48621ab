"""The analysis of a month for its meeting (月度运行分析), of the area and of every institution: figures of the run,
in the words of tables. An institution is shown its own figures, and its peers' as far as it may know them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from drgpay import runs
from drgpay.errors import DrgpayError
from drgpay.report.papers import Block, Chart, Column, Line, Paper, Series, Signature, Table, Text
from drgpay.runs import Scope, View, Where, browse, overview, read_manifest, summarise
from drgpay.tables import CLOSINGS, FUND_HEALTH, POOLS, PREPAYMENTS
from drgpay.tables import Column as Declared
from drgpay_web import clock, flow, jobs, store
from drgpay_web.people import Unit, system_actor
from drgpay_web.ui import field_word, w
from drgpay_web.ui.tables import headed, title_of
from drgpay_web.ui.values import Names, kind_of, printed

HOUSE = "institution_id"
KEY = ("n", "points", "cmi", "mean_cost", "mean_los", "due", "actual", "balance", "use_ratio")
DUES = ("n", "points", "cmi", "actual", "due", "balance", "use_ratio")
CLASSES = ("n", "high", "high_share", "low", "low_share", "qy", "ungrouped", "mean_cost", "mean_los")
GROUPS = ("n", "total_cost")
PEERS = ("cmi", "mean_cost", "mean_los", "use_ratio", "high_share", "low_share")
_FUND = ("insurance_scheme", "budget", "reserve", "distributable", "n", "points", "point_value")
_COURSE = ("month", "insurance_scheme", "n", "distributable", "points", "point_value")
_CONSERVED = ("insurance_scheme", "distributable", "risk_draw", "recovered", "paid", "returned", "carried_over",
              "passed")  # fmt: skip
_PREPAID = (HOUSE, "insurance_scheme", "advance", "paid_ordinary", "paid_emergency", "usage", "growth", "suspended",
            "to_advance")  # fmt: skip
_HEALTH = ("year", "revenue_plan", "expenditure_plan")
MOST = 10
"""groups that are named for growing, and for shrinking; departments and groups of an institution"""
MOST_BARS = 15
"""institutions of a chart: the largest"""
_KINDS = {"share": "percent", **dict.fromkeys(("int8", "int16", "int32", "int64"), "int")}
_DISPUTES = ("statement", "clearing_statement")


def is_month(result: store.Result) -> bool:
    """The result is of a month."""
    return len(result.period) == len("2024-01")


def month_of(area: str, period: str) -> store.Result | None:
    """The result that stands for a month: the sealed one, else the published one, else the newest."""
    its = store.periods_seen(system_actor(area))
    return next((one for one in its if one.period == period and is_month(one)), None)


def proposed_by(result: store.Result) -> tuple[int, tuple[runs.Deviating, ...]]:
    """Whom the rule proposes to talk to by a result, and from which deviation on (1/10,000)."""
    share = runs.office_terms(store.practice_source(result.area), clock.today()).talk_deviation
    return share, runs.deviating(store.folder(result), share)


def area_paper(result: store.Result, lang: str) -> Paper:
    """The analysis of the area's month."""
    desk = _Desk(result, lang, Scope.everything())
    blocks = [
        desk.fund(), desk.key_figures(), desk.conservation(), desk.course(), desk.point_values(), desk.by_month(),
        desk.ranking(), desk.largest(), desk.classes(), *desk.groups(), desk.statements(), desk.disputes(),
        desk.alerts(), desk.prepaid(), desk.health(), desk.talks(), desk.follow_ups(),
    ]  # fmt: skip
    return desk.paper(blocks, (w("rhythm.analysis_reviewer", lang), w("rhythm.analysis_date", lang)))


def house_paper(result: store.Result, unit: Unit, lang: str) -> Paper:
    """The analysis of an institution's month: its own figures, and of its peers what it may know."""
    scope = Scope(areas=frozenset({result.area}), institutions=frozenset({unit.code}))
    desk = _Desk(result, lang, scope, unit)
    blocks = [
        desk.key_figures(), desk.peers(), desk.by_month(), desk.point_values(), desk.classes(),
        desk.largest_of("department_id", "departments"), desk.largest_of("drg", "drgs"), *desk.groups(),
        desk.disputes(), desk.alerts(), desk.prepaid(), desk.follow_ups(),
    ]  # fmt: skip
    return desk.paper(blocks, (w("rhythm.analysis_date", lang),))


class _Desk:
    """The tables of one month's analysis, of the area or of an institution."""

    def __init__(self, result: store.Result, lang: str, scope: Scope, unit: Unit | None = None) -> None:
        self.result, self.lang, self.scope, self.unit = result, lang, scope, unit
        self.place, self.year = store.folder(result), int(result.period[:4])
        self.month = int(result.period[5:])
        self.names: Names = store.names_in(result)
        self.where = (Where(HOUSE, "is", unit.code),) if unit else ()
        self.folders = [
            folder for folder in store.beside(system_actor(result.area), result)
            if folder == self.place or not self._later(folder)
        ]  # fmt: skip

    def _later(self, folder: Path) -> bool:
        said = read_manifest(folder)
        return (int(said["year"]), int(said["month"] or 0)) > (self.year, self.month)

    def paper(self, blocks: Iterable[Block | None], signed: tuple[str, ...]) -> Paper:
        """The paper around its blocks; those without anything in them are left out."""
        area = Unit.objects.get(kind=Unit.AREA, area=self.result.area).name
        issuer = w("rhythm.issuer", self.lang, area=area)
        kept = tuple(block for block in blocks if block is not None and _says(block))
        empty = (Text(w("rhythm.note_word", self.lang), (w("rhythm.analysis_empty", self.lang),)),)
        return Paper(
            self.lang, issuer, w("rhythm.analysis", self.lang), self._period(), tuple(self.facts()), kept or empty,
            (Signature(issuer, signed),), f"{self.result.name} · {self.result.digest}", broad=True,
        )  # fmt: skip

    def _period(self) -> str:
        return w("rhythm.analysis_month", self.lang, year=self.year, month=self.month)

    def facts(self) -> Iterator[tuple[str, str]]:
        """Whose it is, which run it is of, by whom and when it was made, and how it stands."""
        result, say = self.result, self.lang
        if self.unit:
            yield w("flow.unit", say), self.unit.name
        yield w("rhythm.analysis_run", say), result.title(say)
        yield w("rhythm.analysis_digest", say), result.digest[:16]
        yield w("rhythm.analysis_by", say), result.job.ordered_by.name if result.job else "–"
        yield w("rhythm.analysis_at", say), result.made_at.astimezone(clock.SHANGHAI).strftime("%Y-%m-%d %H:%M")
        yield w("rhythm.analysis_state", say), w(f"rhythm.analysis_is_{_stands(result)}", say)
        practice = str(read_manifest(self.place)["practice"])
        named = next((one for one in runs.practice_names() if one.id == practice), None)
        yield w("rhythm.analysis_practice", say), getattr(named, say) if named else practice

    def say(self, key: str, **values: object) -> str:
        return w(f"rhythm.analysis_{key}", self.lang, **values)

    def table(self, title: str, columns: Sequence[Declared], rows: Sequence[Mapping[str, Any]]) -> Table:
        """Rows under the heads of the dictionary; codes in words."""
        heads = tuple(
            Column(headed(column, self.lang), kind_in(column),
                   int(column.name in ("insurance_scheme", HOUSE, "department_id", "drg")))
            for column in columns
        )  # fmt: skip
        lines = tuple(Line(tuple(self.cell(column, row) for column in columns)) for row in rows)
        return Table(title, heads, lines)

    def cell(self, column: Declared, row: Mapping[str, Any]) -> Any:
        """A number as it is, a code in words or by its name."""
        value = row.get(column.name)
        if column.type == "flag":
            return printed(value, "flag", self.lang)
        if not isinstance(value, str):
            return value
        named = self.names(column.name, {HOUSE: self.unit.code if self.unit else "", **row})
        return f"{value} {named}" if named and column.name == "drg" else named or field_word(value, self.lang)

    def sums(self, by: tuple[str, ...], measures: tuple[str, ...], sort: str = "") -> runs.Summary:
        """Measures of the month by a dimension, the largest first where ``sort`` says by what."""
        found = summarise([self.place], by=by, measures=measures, scope=self.scope, where=self.where)
        if not sort:
            return found
        rows = sorted(found.rows, key=lambda row: (row[sort] is not None, row[sort] or 0), reverse=True)
        return replace(found, rows=rows)

    def compared(self, by: tuple[str, ...], measures: tuple[str, ...],
                 how: Literal["previous", "last_year", "peers"]) -> runs.Summary | None:  # fmt: skip
        """The same beside another period or the peers; None where there are none."""
        folders, where = (self.folders[:1], ()) if how == "peers" else (self.folders, self.where)
        try:
            return summarise(folders, by=by, measures=measures, scope=self.scope, where=where, compare=how)
        except DrgpayError:
            return None

    @cached_property
    def _overview(self) -> runs.Overview:
        return overview(self.place)

    def fund(self) -> Table:
        """What was to be shared, the points, and the point value."""
        return self.table(self.say("fund"), [POOLS[name] for name in _FUND], self._overview.pools)

    def key_figures(self) -> Table | None:
        """Every measure now, a month before and a year before, with what changed."""
        now = self.sums((), KEY)
        then = [self.compared((), KEY, "previous"), self.compared((), KEY, "last_year")]
        if not now.rows or now.rows[0].get("n") is None:
            return None
        lines = []
        for column in now.columns:
            cells: list[Any] = [headed(column, self.lang), now.rows[0][column.name]]
            for other in then:
                row = other.rows[0] if other and other.rows else {}
                change = row.get(f"{column.name}_change_ratio")
                cells.extend((row.get(f"{column.name}_compared"), printed(change, "share", self.lang) or "–"))
            lines.append(Line(tuple(cells), kind_in(column)))
        heads = [Column(self.say("figure"), share=2)]
        heads += [Column(self.say(key), "int") for key in ("now", "previous", "on_month", "last_year", "on_year")]
        return Table(self.say("key"), tuple(heads), tuple(lines))

    def conservation(self) -> Table | None:
        """Sources and uses of the fund by scheme, and whether they are equal."""
        rows = self._overview.closings
        if not rows:
            return None
        made = self.table(self.say("conservation"), [CLOSINGS[name] for name in _CONSERVED], rows)
        said = [self.say("balanced" if row["balanced"] else "unbalanced") for row in rows]
        lines = tuple(Line((*line.values, word)) for line, word in zip(made.rows, said, strict=True))
        return Table(made.title, (*made.columns, Column(self.say("balance"))), lines)

    @cached_property
    def _months(self) -> list[dict[str, Any]]:
        """The pools of every month of the year so far."""
        rows: list[dict[str, Any]] = []
        for folder in self.folders:
            said = read_manifest(folder)
            if said["month"] and said["year"] == self.year:
                month = Where("month", "is", int(said["month"]))
                rows += browse(folder, View(POOLS.name, where=(month,), scope=Scope.everything()), totals=False).rows
        return sorted(rows, key=lambda row: (row["month"], row["insurance_scheme"]))

    def course(self) -> Table:
        """What was shared in each month of the year so far."""
        made = self.table(self.say("course"), [POOLS[name] for name in _COURSE], self._months)
        return Table(made.title, (Column(made.columns[0].head, "month"), *made.columns[1:]), made.rows)

    def point_values(self) -> Chart | None:
        """The point value over the months of the year, by insurance scheme."""
        found = {(row["insurance_scheme"], row["month"]): row["point_value"] for row in self._months}
        months = sorted({month for _, month in found})
        if not any(found.values()):
            return None
        series = tuple(
            Series(field_word(scheme, self.lang), tuple(found.get((scheme, month)) for month in months))
            for scheme in sorted({scheme for scheme, _ in found})
        )
        return Chart(self.say("point_values"), self._labels(months), series, "price", lines=True)

    def _labels(self, months: Iterable[int]) -> tuple[str, ...]:
        return tuple(w("boards.month", self.lang, month=month) for month in months)

    def by_month(self) -> Chart | None:
        """Due beside what the fund would pay item by item, by month of the year so far."""
        own = [folder for folder in self.folders if read_manifest(folder)["year"] == self.year]
        found = summarise(own, by=("month",), measures=("due", "actual"), scope=self.scope, where=self.where)
        if not found.rows:
            return None
        series = tuple(
            Series(title_of(column, self.lang), tuple(row[column.name] for row in found.rows))
            for column in found.columns if column.name != "month"
        )  # fmt: skip
        return Chart(self.say("by_month"), self._labels(row["month"] for row in found.rows), series, "fen")

    def ranking(self) -> Table:
        """The institutions, the largest due first."""
        found = self.sums((HOUSE,), DUES, "due")
        return self.table(self.say("dues"), found.columns, found.rows)

    def largest(self) -> Chart | None:
        """Due and actual of the largest institutions."""
        rows = self.sums((HOUSE,), ("due", "actual"), "due").rows[:MOST_BARS]
        if not rows:
            return None
        names = tuple(self.names(HOUSE, row) or str(row[HOUSE]) for row in rows)
        series = tuple(Series(self.say(name), tuple(row[name] for row in rows)) for name in ("due", "actual"))
        return Chart(self.say("largest", most=MOST_BARS), names, series, "fen")

    def classes(self) -> Table:
        """High, low and QY stays by insurance scheme."""
        found = self.sums(("insurance_scheme",), CLASSES)
        return self.table(self.say("classes"), found.columns, found.rows)

    def largest_of(self, by: str, title: str) -> Table:
        """The departments or groups of an institution with the largest dues."""
        found = self.sums((by,), DUES, "due")
        return self.table(self.say(title, most=MOST), found.columns, found.rows[:MOST])

    def groups(self) -> list[Table]:
        """The groups whose cost grew and shrank most against the month before."""
        found = self.compared(("drg",), GROUPS, "previous")
        if found is None:
            return []
        rows = [row for row in found.rows if row.get("total_cost_change")]
        rows.sort(key=lambda row: (row["total_cost_change"], row["drg"] or ""))
        columns = [c for c in found.columns if c.name not in ("year", "month")]
        grown = [row for row in reversed(rows) if row["total_cost_change"] > 0][:MOST]
        shrunk = [row for row in rows if row["total_cost_change"] < 0][:MOST]
        return [self.table(self.say("grown"), columns, grown), self.table(self.say("shrunk"), columns, shrunk)]

    def peers(self) -> Table | None:
        """Quotients of the institution beside those of its level; a dash: too few of them to be shown."""
        found = self.compared((HOUSE,), PEERS, "peers")
        row = next((row for row in found.rows if self.unit and row[HOUSE] == self.unit.code), None) if found else None
        if found is None or row is None:
            return None
        lines = tuple(
            Line((headed(c, self.lang), row[c.name], row[f"{c.name}_compared"], row[f"{c.name}_change"]),
                 kind_in(c))
            for c in found.columns if c.name in PEERS
        )  # fmt: skip
        heads = tuple(Column(self.say(key), "int") for key in ("own", "level", "difference"))
        return Table(self.say("peers"), (Column(self.say("figure"), share=2), *heads), lines)

    def _cases(self, *machines: str) -> list[flow.Case]:
        found = flow.Case.objects.filter(machine__in=machines, area=self.result.area, period=self.result.period)
        found = found.filter(unit=self.unit) if self.unit else found
        return list(found.select_related("unit").order_by("unit__code", "pk"))

    def statements(self) -> Table:
        """How far the statements of the month are confirmed."""
        states = [one.state for one in self._cases(*_DISPUTES)]
        its = flow.machine("statement")
        rows = tuple(
            Line((w(f"{its.words}.state.{state}", self.lang), states.count(state)))
            for state in its.states if state in states
        )  # fmt: skip
        return Table(
            self.say("statements"), (Column(self.say("state"), share=1), Column(self.say("count"), "int")), rows
        )

    def disputes(self) -> Table:
        """The statements that were disputed, and how they stand."""
        disputed = [one for one in self._cases(*_DISPUTES) if one.steps.filter(move="dispute").exists()]
        return self._listed(self.say("disputes"), disputed)

    def alerts(self) -> Table:
        """The alerts of the month and how they stand; an institution's own once it may know of them."""
        its = self._cases("alert")
        shown = flow.machine("alert").shown
        return self._listed(
            self.say("alerts"), [c for c in its if not (self.unit and shown and not c.data.get(shown))]
        )

    def follow_ups(self) -> Table:
        """What was agreed to be done and is not, the overdue too."""
        found = flow.Case.objects.filter(machine="follow_up", area=self.result.area, closed_at=None)
        found = found.filter(unit=self.unit) if self.unit else found
        return self._listed(self.say("follow_ups"), list(found.select_related("unit").order_by("deadline", "pk")))

    def _listed(self, title: str, cases: Sequence[flow.Case]) -> Table:
        heads = tuple(Column(w(f"flow.{key}", self.lang), share=share) for key, share in (
            ("number", 0), ("unit", 1), ("subject", 1), ("state", 0)))  # fmt: skip
        rows = tuple(
            Line((one.number, one.unit.name, self._about(one), w(f"{one.rules.words}.state.{one.state}", self.lang)))
            for one in cases
        )
        return Table(title, heads, rows)

    def _about(self, case: flow.Case) -> str:
        """What a case is about: its subject, else what its list shows."""
        if case.subject or case.rules.columns is None:
            return case.subject
        return " ".join(text for _, text in case.rules.columns(case, self.lang) if text)

    def _watched(self, table: str) -> list[dict[str, Any]]:
        """Rows of the last computing of how the year's fund stands."""
        its = jobs.Job.objects.filter(
            kind="budget.watch", area=self.result.area, payload__year=self.year, state="done"
        )
        last = its.order_by("-pk").first()
        return list((last.result or {}).get("tables", {}).get(table, [])) if last else []

    def prepaid(self) -> Table:
        """What was advanced for the year, and how much of it is used."""
        rows = [row for row in self._watched(PREPAYMENTS.name) if not self.unit or row[HOUSE] == self.unit.code]
        return self.table(self.say("prepaid"), [PREPAYMENTS[name] for name in _PREPAID], rows)

    def health(self) -> Table:
        """How the fund stands by the last computing of its year."""
        columns = [c for c in FUND_HEALTH.columns if c.name not in _HEALTH]
        rows = [row for row in self._watched(FUND_HEALTH.name) if row["month"] <= self.month]
        return self.table(self.say("health"), columns, rows)

    def talks(self) -> Table:
        """Whom the rule proposes to talk to by this result."""
        share, found = proposed_by(self.result)
        rows = tuple(Line((one.name, one.actual, one.due, one.deviation)) for one in found)
        heads = (Column(w("flow.unit", self.lang), share=1), Column(self.say("actual"), "fen"),
                 Column(self.say("due"), "fen"), Column(w("rhythm.deviation", self.lang), "percent"))  # fmt: skip
        return Table(self.say("talks", share=printed(share, "share", self.lang)), heads, rows)


def kind_in(column: Declared) -> str:
    """How a column is printed, in the words of the document model."""
    kind = kind_of(column)
    known = _KINDS.get(kind, kind)
    if column.name == "point_value":
        return "price"
    return known if known in ("int", "fen", "points", "ratio", "percent") else "text"


def _stands(result: store.Result) -> str:
    return result.state if result.state in ("sealed", "published") else "open"


def _says(block: Block) -> bool:
    """The block has something in it."""
    return bool(block.rows if isinstance(block, Table) else block.labels if isinstance(block, Chart) else True)
