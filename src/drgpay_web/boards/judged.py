"""What is judged on the performance board: evaluation, satisfaction, the hospital's goals and pools."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from drgpay import runs
from drgpay.tables import (
    DEPARTMENT_RESULTS,
    EVALUATION_RESULTS,
    GRADE_REGISTER,
    MARKS,
    SATISFACTION_SURVEYS,
    SURVEY_RESULTS,
    Column,
    Table,
)
from drgpay_web import flow, store
from drgpay_web.boards.filters import DEPARTMENT, Seen
from drgpay_web.boards.grids import Grid, grid_of
from drgpay_web.boards.tiles import Tile
from drgpay_web.people import Act
from drgpay_web.ui import field_word, w
from drgpay_web.ui.summaries import HOUSE
from drgpay_web.ui.values import printed

TOLD = ("marked", "objected", "answered", "settled", "closed")
"""states of a card whose institution sees its marks"""
SHOWN = ("shown", "paid")
"""states of a quarter that its hospital knows of"""
PEERS = 5
NOBODY = 1_000_000
"""more others than there are: for those who see no peers"""
INDICATORS = (
    "cmi", "drg_count", "cost_index", "time_index", "los", "preop_los", "visits_per_head", "mortality",
    "low_risk_mortality", "high_risk_mortality", "readmit_15", "complication_rate", "drug_share", "material_share",
    "out_of_policy_share", "transfer_out_share", "feedback_rate", "satisfaction",
)  # fmt: skip
_RESULT = ("total", "full", "computed", "reported", "place", "of", "grade")
_SURVEY = ("answers", "satisfied", "share", "low", "high", "small")
_POOLS = ("n", "score", "base_pool", "project_pool", "excess_pool", "individual_pool", "prize", "vetoed", "paused")


def evaluation(seen: Seen) -> store.Result | None:
    """The evaluation of the year, else of the latest one before: for the bureau the newest, for a hospital the one
    whose marks it was told, or one that stood before the office did."""
    found = store.results_of(seen.actor.area, kind="evaluation").exclude(state="lost")
    if seen.actor.role.side == "hospital":
        cards = flow.cases_of(seen.actor, machine="evaluation_card").filter(state__in=TOLD)
        years = {card.data["evaluation"] for card in cards}
        told = {one.data.get("result") for one in flow.Case.objects.filter(pk__in=years)}
        its = [one for one in found if one.pk in told or one.job is None]
    else:
        its = list(found)
    until = [one for one in its if one.period and int(one.period) <= seen.year]
    return max(until, key=lambda one: (one.period, one.pk)) if until else None


def _rows(result: store.Result, table: Table, seen: Seen) -> list[dict[str, Any]]:
    """The rows of a table that are of the reader's institutions and of what is filtered."""
    where = tuple(one for one in seen.where if one.column == HOUSE)
    view = runs.View(table.name, where=where, scope=seen.scope)
    return [row for batch in runs.export_rows(store.folder(result), view) for row in batch]


def _columns(table: Table, names: Sequence[str]) -> list[Column]:
    return [table[name] for name in names]


def results(seen: Seen) -> Grid | None:
    """Totals and grades of the institutions, with how much of the full mark was computed and handed in."""
    result = evaluation(seen)
    if result is None:
        return None
    lang, rows = seen.lang, _rows(result, EVALUATION_RESULTS, seen)
    rows.sort(key=lambda row: (row["place"] is None, row["place"] or 0, row[HOUSE]))
    return grid_of(
        w("boards.evaluation_of", lang, year=result.period), _columns(EVALUATION_RESULTS, _RESULT), rows, lang,
        first=w("boards.institution_word", lang), names=[seen.names(HOUSE, row) or row[HOUSE] for row in rows],
        links=[seen.board("board-performance", **{HOUSE: row[HOUSE]}) for row in rows],
        note=w("boards.evaluation_note", lang),
    )  # fmt: skip


def marks(seen: Seen) -> Grid | None:
    """What each item of the scorecard gave, and whether its value was computed, handed in or missing."""
    result = evaluation(seen)
    if result is None or seen.house is None:
        return None
    lang, rows = seen.lang, _rows(result, MARKS, seen)
    known = _items(rows[0]["card"]) if rows else {}
    names = [getattr(known[r["item"]], lang) if r["item"] in known else r["item"] for r in rows]
    columns = [MARKS[name] for name in ("full", "mark", "basis", lang)]
    return grid_of(w("boards.marks_of", lang, year=result.period), columns, rows, lang,
                   first=w("boards.item", lang), names=names)  # fmt: skip


@lru_cache(maxsize=8)
def _items(card: str) -> dict[str, Any]:
    """The items of a shipped scorecard by id; it does not change while the office runs."""
    return {item.id: item for item in runs.known_card(card).items}


def indicators(seen: Seen) -> Grid | None:
    """The indicators of an institution with cases, interval, its level and the area."""
    result = evaluation(seen)
    if result is None or seen.house is None:
        return None
    lang, few = seen.lang, PEERS if seen.scope.limited else 0
    if not seen.actor.may(Act.BOARD_PEERS):
        few = NOBODY
    its = runs.indicators_of(store.folder(result), seen.house.code, INDICATORS, peers_from=few)
    rows = tuple(
        (
            getattr(one, lang), printed(one.value, one.kind, lang), one.n,
            w("boards.small", lang) if one.small else "",
            "" if one.low is None else f"{printed(one.low, 'share', lang)}–{printed(one.high, 'share', lang)}",
            printed(one.level_value, one.kind, lang), printed(one.area_value, one.kind, lang),
        )
        for one in its
    )  # fmt: skip
    heads = (("measure", "text"), ("own", "text"), ("cases_n", "int64"), ("few", "text"), ("interval", "text"),
             ("of_level", "text"), ("of_area", "text"))  # fmt: skip
    return Grid(w("boards.indicators_of", lang, year=result.period),
                tuple((w(f"boards.{key}", lang), kind) for key, kind in heads), rows, (),
                w("boards.indicators_note", lang), "indicator_figures")  # fmt: skip


def satisfaction(seen: Seen) -> Grid | None:
    """What patients said in the year: answers, satisfied, share with its interval; of institutions, of one its
    departments too."""
    lang, counted = seen.lang, store.rows(seen.actor.area, SATISFACTION_SURVEYS)
    houses = {unit.code for unit in seen.actor.institutions(Act.BOARD_INSTITUTION)}
    own, ward = seen.of(HOUSE), seen.of(DEPARTMENT)
    rows = [
        row for row in runs.satisfaction(counted, seen.year)
        if row[HOUSE] in houses and (row[HOUSE] == own if own else not row[DEPARTMENT])
        and (not ward or row[DEPARTMENT] in ("", ward))
    ]  # fmt: skip
    of = [DEPARTMENT if row[DEPARTMENT] else HOUSE for row in rows]
    names = [seen.names(column, row) or row[column] for column, row in zip(of, rows, strict=True)]
    note = w("boards.satisfaction_note", lang, target=printed(seen.terms.satisfaction, "share", lang))
    return grid_of(w("boards.satisfaction", lang), _columns(SURVEY_RESULTS, _SURVEY), rows, lang,
                   first=w("boards.whose", lang), names=names, note=note)  # fmt: skip


def _quarters(seen: Seen) -> list[flow.Case]:
    """The last quarter of each hospital that was shown, up to the year; its own performance office sees it sooner."""
    found = flow.Case.objects.filter(machine="hospital_quarter", area=seen.actor.area, period__lte=f"{seen.year}-Q4")
    if seen.house is not None:
        found = found.filter(unit=seen.house)
    if not seen.actor.may(Act.QUARTER_ORDER):
        found = found.filter(state__in=SHOWN)
    last: dict[int, flow.Case] = {}
    for one in found.select_related("unit").order_by("period", "pk"):
        if one.data.get("result"):
            last[one.unit_id] = one
    return sorted(last.values(), key=lambda one: one.unit.code)


def _result(case: flow.Case) -> store.Result:
    found = store.results_of(case.area, kind="perform").filter(pk=case.data["result"]).first()
    assert found is not None
    return found


def goals(seen: Seen) -> Grid | None:
    """How far hospitals are with their goals: the progress that the bureau sees of all, and each of its own."""
    lang, rows = seen.lang, []
    for case in _quarters(seen):
        for goal in runs.goals_of(store.folder(_result(case))):
            kind = "fen" if goal["goal"] == "fund_spend" else "share" if goal["goal"] == "advance_use" else "ratio"
            met = "" if goal["met"] is None else w("boards.met" if goal["met"] else "boards.missed", lang)
            rows.append((case.unit.name, case.period, w(f"boards.goal_{goal['goal']}", lang),
                         printed(goal["value"], kind, lang), printed(goal["target"], kind, lang), met))  # fmt: skip
    heads = ("institution_word", "quarter", "goal", "reached", "target", "met_word")
    return Grid(w("boards.goals", lang), tuple((w(f"boards.{key}", lang), "text") for key in heads), tuple(rows), (),
                w("boards.goals_note", lang), "performance_pay")  # fmt: skip


def pools(seen: Seen) -> Grid | None:
    """The pools of a hospital's departments in its last quarter; for its own people alone."""
    if seen.house is None or not seen.actor.may(Act.BOARD_POOLS, seen.house):
        return None
    for case in _quarters(seen):
        view = runs.View(DEPARTMENT_RESULTS.name, scope=runs.Scope.everything())
        batches = runs.export_rows(store.folder(_result(case)), view)
        ward = seen.of(DEPARTMENT)
        rows = [row for batch in batches for row in batch if ward in ("", row[DEPARTMENT])]
        return grid_of(w("boards.pools_of", seen.lang, period=case.period), _columns(DEPARTMENT_RESULTS, _POOLS),
                       rows, seen.lang, first=w("boards.department_word", seen.lang),
                       names=[row["name"] for row in rows], note=w("boards.pools_note", seen.lang))  # fmt: skip
    return None


def tiles(seen: Seen) -> list[Tile]:
    """The grade of the year before, and satisfaction, of one institution."""
    if seen.house is None:
        return []
    lang, found = seen.lang, []
    grades = [row for row in store.rows(seen.actor.area, GRADE_REGISTER)
              if row[HOUSE] == seen.house.code and row["year"] <= seen.year]  # fmt: skip
    if grades:
        last = max(grades, key=lambda row: row["year"])
        year = (w("boards.of_year", lang, year=last["year"]), "", "")
        found.append(
            Tile(w("boards.grade", lang), field_word(last["grade"], lang), (year,), "#results", "evaluation")
        )
    said = satisfaction(seen)
    if said is not None and said.rows:
        own = said.rows[0]
        counted = (w("boards.answers_n", lang, n=own[1]), "", "")
        aimed = (w("boards.target", lang), f"≥ {printed(seen.terms.satisfaction, 'share', lang)}", "")
        value = printed(own[3], "share", lang)
        found.append(
            Tile(w("boards.satisfaction", lang), value, (counted, aimed), "#satisfaction", SURVEY_RESULTS.name)
        )
    return found
