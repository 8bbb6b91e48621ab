"""The report's tables, said once for the workbook and the page: which columns, how shown, what adds up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drgpay.policy import parameter_words
from drgpay.report.labels import Both, column_words, word
from drgpay.report.source import Row, Source
from drgpay.tables import (
    BASE_GROUPS,
    BED_DAY_ASSESSMENTS,
    CAPITATION_RESULTS,
    CLOSINGS,
    COEFFICIENTS,
    EXPENDITURE_BY_MODE,
    FINDINGS,
    INSTITUTION_MONTHS,
    INSTITUTIONS,
    OUT_OF_AREA_STATEMENTS,
    POOLS,
    STATEMENTS,
    STAYS,
    Table,
)
from drgpay.units import ONE, half_up, show_coefficient, show_fen, show_percent, show_points
from drgpay.words import in_word, words_in

NUMBERS: dict[str, tuple[int, Callable[[int], str]]] = {
    "int": (0, lambda value: f"{value:,}"),
    "fen": (2, show_fen),
    "points": (4, show_points),
    "price": (4, show_points),
    "ratio": (4, show_coefficient),
    "percent": (4, show_percent),
}
"""Kinds of numbers: decimals that the whole number carries, and how it is printed."""

_KIND_OF_TYPE = {"fen": "fen", "points": "points", "ratio": "ratio", "flag": "word", "text": "text", "code": "text",
                 "codes": "text"}  # fmt: skip
_KIND_OF_NAME = {
    "inputs": "phrase",
    "use_ratio": "percent",
    "keep_share": "percent",
    "point_value": "price",
    "month": "month",
    "insurance_scheme": "word",
    "mode": "word",
    "setting": "word",
    "direction": "word",
    "level": "word",
    "grade": "word",
    "severity": "word",
    "component": "word",
    "category": "word",
    "kind": "word",
    "fixed_by": "parameter",
    "not_met": "both",
    "bound": "word",
    "coefficient": "ratio",
    "balance": "fen",
}
_ADDS_UP = ("int", "fen", "points")
_NEVER_ADDED = ("mean_cost", "base_points", "row")


@dataclass(frozen=True)
class Field:
    """A column of the report. ``kind`` is one of :data:`NUMBERS`, or text, word (a code with a word), phrase (codes
    in a text), month, both (a text in both languages)."""

    name: str
    kind: str
    head: Both
    note: Both

    @property
    def adds_up(self) -> bool:
        """Whether a total of it means something."""
        return self.kind in _ADDS_UP and self.name not in _NEVER_ADDED


def show(kind: str, value: Any) -> Both:
    """A value as people read it, in both languages; a null is a dash for numbers and empty for words."""
    if value is None:
        return Both("–", "–") if kind in NUMBERS else Both("", "")
    if kind in NUMBERS:
        text = NUMBERS[kind][1](value)
        return Both(text, text)
    if kind == "month":
        return Both(f"{value}月", str(value)) if value else word("whole_year")
    if kind == "parameter":
        return Both(*parameter_words(str(value))) if value else Both("", "")
    if kind == "word":
        return word(str(value).lower() if isinstance(value, bool) else value)
    if kind == "phrase":
        return Both(words_in(str(value), "zh"), words_in(str(value), "en"))
    return value if kind == "both" else Both(str(value), str(value))


@dataclass(frozen=True)
class View:
    """A table of the report. ``key`` names it in the label catalogue; rows hold raw values under field names."""

    key: str
    fields: tuple[Field, ...]
    rows: Sequence[Row]
    totals: bool = True

    def total(self, rows: Sequence[Row]) -> Row:
        """Exact sums of the fields that add up, over ``rows``."""
        return {f.name: sum(r[f.name] for r in rows if r[f.name] is not None) for f in self.fields if f.adds_up}


def field(name: str, table: Table | None, kind: str = "") -> Field:
    """The column ``name`` of a table of the dictionary, or a derived one of a given kind."""
    known = kind or _KIND_OF_NAME.get(name) or (_KIND_OF_TYPE.get(table[name].type, "int") if table else "text")
    return Field(name, known, *column_words(name, table))


def _fields(table: Table, *, after: dict[str, str], without: str = "") -> tuple[Field, ...]:
    """All columns of a table in its order, with further ones put after some of them: the institutions' register has
    ``name`` and ``level``, the others are derived."""
    made = []
    for name in table.names:
        if name not in without.split():
            made.append(field(name, table))
        for more in after.get(name, "").split():
            made.append(field(more, INSTITUTIONS if more in INSTITUTIONS.names else None))
    return tuple(made)


def institutions(source: Source) -> View:
    """Statements of the institutions; of a monthly run, the month with its balance."""
    after = {"institution_id": "name", "points": "coefficient"}
    if source.tables["statements"]:
        over = any(row.get("successor") for row in source.tables["statements"])
        fields = _fields(STATEMENTS, after=after, without="" if over else "successor")
    else:
        after |= {"institution_id": "name level", "due": "balance use_ratio"}
        fields = _fields(INSTITUTION_MONTHS, after=after, without="month")
    return View("institutions", fields, source.institutions())


def groups(source: Source) -> View:
    """Published base points, with the groups' names."""
    rows = [{**r, "drg_name": source.group_name(r["drg"])} for r in source.tables["base_groups"]]
    return View("groups", _fields(BASE_GROUPS, after={"drg": "drg_name"}), rows)


def months(source: Source) -> View:
    """Pools by insurance scheme and month, the year after its months. No totals: the year has its own row."""
    rows = sorted(source.tables["pools"], key=lambda r: (r["insurance_scheme"], r["month"] or 13))
    return View("months", _fields(POOLS, after={}), rows, totals=False)


def institution_months(source: Source) -> View:
    """Monthly pre-settlement of the institutions, with their names."""
    fields = _fields(INSTITUTION_MONTHS, after={"institution_id": "name"})
    return View("institution_months", fields, _named(source, "institution_months"))


def modes(source: Source) -> View:
    """Composition of expenditure by mode in the period, per insurance scheme; empty without payment modes."""
    sums: dict[tuple[str, str, str], list[int]] = {}
    for row in source.tables["expenditure_by_mode"]:
        if row["month"] == source.period:
            key = (row["insurance_scheme"], row["setting"], row["mode"])
            old = sums.get(key, [0, 0, 0])
            sums[key] = [a + row[name] for a, name in zip(old, ("n", "cost", "fund"), strict=True)]
    names = ("insurance_scheme", "setting", "mode", "n", "cost", "fund")
    rows = [dict(zip(names, (*key, *sums[key]), strict=True)) for key in sorted(sums)]
    return View("modes", tuple(field(name, EXPENDITURE_BY_MODE) for name in names), rows)


def institution_modes(source: Source) -> View:
    """The same by institution and month; month 0 is the year. No totals: the year has its own rows."""
    fields = _fields(EXPENDITURE_BY_MODE, after={"institution_id": "name"})
    return View("institution_modes", fields, _named(source, "expenditure_by_mode"), totals=False)


def communities(source: Source) -> View:
    """Results of the medical communities."""
    fields = _fields(CAPITATION_RESULTS, after={"institution_id": "name"})
    return View("communities", fields, _named(source, "capitation_results"))


def _joined(codes: Sequence[str], lang: str) -> str:
    return ("、" if lang == "zh" else ", ").join(in_word(code, lang) for code in codes)


def bed_days(source: Source) -> View:
    """Year-end assessment of bed-day institutions."""
    rows = [
        row | {"not_met": Both(_joined(row["not_met"], "zh"), _joined(row["not_met"], "en"))}
        for row in _named(source, "bed_day_assessments")
    ]
    return View("bed_days", _fields(BED_DAY_ASSESSMENTS, after={"institution_id": "name"}), rows, totals=False)


def other_areas(source: Source) -> View:
    """Monthly clearing with other areas."""
    return View("other_areas", _fields(OUT_OF_AREA_STATEMENTS, after={}), source.tables["out_of_area_statements"])


def coefficients(source: Source) -> View:
    """How each institution's coefficient was built."""
    fields = _fields(COEFFICIENTS, after={"institution_id": "name level"})
    return View("coefficients", fields, _named(source, "coefficients"), totals=False)


def rule_counts(source: Source) -> View:
    """Findings per rule."""
    fields = (*_finding_fields(), field("count", None, "int"))
    return View("rule_counts", fields, [_finding(row) for row in source.finding_counts])


def findings(source: Source) -> View:
    """The first findings, row by row."""
    named = tuple(field(name, FINDINGS) for name in ("file", "row", "stay_id"))
    named = (*named, field("field", FINDINGS, "both"))
    fields = (*named, field("content", None), *_finding_fields())
    return View("first_rows", fields, [_finding(row) for row in source.findings], totals=False)


def _finding_fields() -> tuple[Field, ...]:
    return field("severity", None), field("message", None, "both")


def column_heading(name: str | None) -> tuple[str, str]:
    """The heading of an input column, Chinese and English; another text stands for itself."""
    table = next((t for t in (STAYS, INSTITUTIONS) if name in t.names), None)
    if not name or table is None:
        return name or "", name or ""
    return table[name].zh, name.replace("_", " ")


def _finding(row: Row) -> Row:
    message = Both(row["zh"], row["en"])
    heading = Both(*column_heading(row["field"]))
    return {**row, "field": heading, "content": row["value"], "severity": row["level"], "message": message}


def _named(source: Source, table: str) -> list[Row]:
    registered = {row["institution_id"]: row for row in source.tables["institutions"]}
    unknown = {"name": "", "level": None}
    return [
        {
            **(registered.get(row["institution_id"]) or unknown),
            **row,
            "institution_id": (row["institution_id"] or "").removeprefix("area:"),
        }
        for row in source.tables[table]
    ]


@dataclass(frozen=True)
class Figure:
    """A figure of the summary: its value per insurance scheme, and in all when it adds up."""

    key: str
    kind: str
    head: Both
    values: tuple[int | None, ...]
    total: int | None


SOURCES = ("distributable", "risk_draw", "recovered")
USES = ("paid", "returned", "carried_over", "passed")


def summary(source: Source) -> list[Figure]:
    """Fund and points per insurance scheme: the pool, what was due, and the closing when there is one."""
    pools = {r["insurance_scheme"]: r for r in source.tables["pools"] if r["month"] == source.period}
    view = institutions(source)
    sums = {
        s: view.total([r for r in view.rows if r["insurance_scheme"] == s]) if view.rows else {}
        for s in source.schemes
    }
    names = ("due", "actual", "balance", *(f.name for f in view.fields if f.name in ("paid", "deposit")))
    return [
        *_figures(source, pools, POOLS, ("n", "points", "point_value", "budget", "reserve", "patients")),
        *_figures(source, pools, POOLS, ("distributable",)),
        *(_figure(next(f for f in view.fields if f.name == name), source, sums) for name in names),
    ]


def conservation(source: Source) -> list[Figure]:
    """Both sides of the closing, their sums and the difference, which is zero; empty when nothing is cleared."""
    if not source.tables["closings"]:
        return []
    closings = {r["insurance_scheme"]: dict(r) for r in source.tables["closings"]}
    for row in closings.values():
        row["sources"], row["uses"] = sum(row[k] for k in SOURCES), sum(row[k] for k in USES)
        row["difference"] = row["sources"] - row["uses"]
    sums = [_figure(Field(k, "fen", word(k), word(k)), source, closings) for k in ("sources", "uses", "difference")]
    return [
        *_figures(source, closings, CLOSINGS, SOURCES),
        sums[0],
        *_figures(source, closings, CLOSINGS, USES),
        *sums[1:],
    ]


def _figures(source: Source, rows: dict[str, Row], table: Table, names: Sequence[str]) -> list[Figure]:
    return [_figure(field(name, table), source, rows) for name in names]


def _figure(column: Field, source: Source, rows: dict[str, Row]) -> Figure:
    values = tuple(rows.get(s, {}).get(column.name) for s in source.schemes)
    known = [v for v in values if v is not None]
    return Figure(column.name, column.kind, column.head, values, sum(known) if column.adds_up and known else None)


def facts(source: Source) -> list[tuple[Both, Both]]:
    """What the run is: area, period, policy, scheme, software, digests; then the counts of stays."""
    manifest = source.manifest
    kind = word(f"kind_{manifest.get('kind')}")
    month = [(word("month"), show("month", manifest["month"]))] if manifest.get("month") else []
    basis = [(word("basis"), word(f"basis_{manifest['basis']}"))] if manifest.get("basis") else []
    keys = ("practice", "scheme", "software", "policy_digest", "scheme_digest")
    counts = manifest.get("counts") or {}
    return [
        (word("region"), source.title),
        (word("kind"), kind),
        (word("year"), show("text", manifest.get("year"))),
        *month,
        *basis,
        *((word(k), _plain(manifest[k])) for k in keys if manifest.get(k) is not None),
        *_scheme_note(manifest),
        *_laws(manifest.get("laws") or {}),
        *((word(k), show("int" if isinstance(v, int) else "text", v)) for k, v in counts.items()),
        *_difficulty(manifest.get("difficulty")),
    ]


def _difficulty(raised: Mapping[str, int] | None) -> list[tuple[Both, Both]]:
    """How many stays were raised for difficulty, and which share of all."""
    return [(word("difficulty_raised"), Both(*[raised_share(raised)] * 2))] if raised else []


def raised_share(raised: Mapping[str, int]) -> str:
    """``12 / 345 = 3.48%`` of what a manifest says under ``difficulty``."""
    whole = raised["stays"]
    share = show_percent(half_up(raised["raised"] * ONE, whole)) if whole else "–"
    return f"{raised['raised']:,} / {whole:,} = {share}"


def _scheme_note(manifest: Mapping[str, Any]) -> list[tuple[Both, Both]]:
    """What is to be said of a scheme that is not certified."""
    note = manifest.get("scheme_note")
    return [(word("scheme_note"), Both(note["zh"], note["en"]))] if note else []


def _laws(laws: dict[str, Any]) -> list[tuple[Both, Both]]:
    """Which law held for which days of discharge, by digest, where there were several: of the months, and of the
    clearing where it has more than one."""
    months = [segment for _, segments in sorted((laws.get("months") or {}).items()) for segment in segments]
    spans = (("laws_of_months", months), ("laws_of_clearing", laws.get("clearing") or []))
    several = len({segment["policy_digest"] for _, segments in spans for segment in segments}) > 1
    return [(word(name), _days(segments)) for name, segments in spans if several]


def _days(segments: list[dict[str, str]]) -> Both:
    """``2024-01-01 – 2024-06-30: 2590d52c089d; …``, neighbours with the same law as one."""
    joined: list[dict[str, str]] = []
    for segment in segments:
        if joined and joined[-1]["policy_digest"] == segment["policy_digest"]:
            joined[-1] = joined[-1] | {"last": segment["last"]}
        else:
            joined.append(segment)
    parts = [f"{s['first']} – {s['last']}: {s['policy_digest'][:12]}" for s in joined]
    return Both("；".join(parts), "; ".join(parts))


def _plain(value: Any) -> Both:
    """A value of the manifest: a title in both languages, several named parts, or a plain text."""
    if not isinstance(value, dict):
        return show("text", value)
    if set(value) == {"zh", "en"}:
        return Both(value["zh"], value["en"])
    text = " ".join(f"{k} {v}" for k, v in value.items())
    return Both(text, text)
