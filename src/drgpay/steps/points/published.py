"""Points and payments from what a bureau publishes, without the area's base period or pool.

The tables of the kernel are filled from the published groups and terms; classes and points are the kernel's own.
A payment is points × point value, or under the rate method the stay's own payment, rounded half up once per stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from drgpay.engine import codes_in, integers
from drgpay.errors import DrgpayError, Kind
from drgpay.steps.points.adjust import Adjusting
from drgpay.steps.points.kernel import PointsTables, case_points
from drgpay.steps.points.rate import (
    RATE_DECIMALS,
    WEIGHT_DECIMALS,
    parse_rate,
    parse_rate_coefficient,
    parse_weight,
    payment_standard,
)
from drgpay.tables import CLASSES, MOST, PUBLISHED, PUBLISHED_TERMS, STATUSES, TERM_NAMES
from drgpay.tables.inputs import SCHEMES
from drgpay.units import ONE, half_up, mul_div_half_up, parse_scaled

Ints = npt.NDArray[np.int64]
Row = Mapping[str, Any]

_WHOLE, _FINE = 0, 4
_DECIMALS = {
    "point_value": RATE_DECIMALS, "pool_amount": 2, "pool_points": _FINE, "overall_mean": 2, "scale": _WHOLE,
    "low_multiple": _FINE, "high_multiple": _FINE, "unstable_discount": _FINE, "ungrouped_discount": _FINE,
    "qy_discount": _FINE, "short_days": _WHOLE, "long_days": _WHOLE, "day_points": _FINE,
}  # fmt: skip
"""decimals of each term that is a plain number"""
_POSITIVE = ("point_value", "pool_amount", "pool_points", "rate", "overall_mean", "scale")
_WORDS = {
    "high_extra": {"auto": "auto", "自动": "auto", "追加": "auto", "after_review": "after_review",
                   "评审后": "after_review", "评审后追加": "after_review", "none": "none", "不追加": "none"},
    "basis": {"total": "total", "总费用": "total", "全口径": "total", "fund": "fund", "基金": "fund",
              "统筹基金": "fund"},
}  # fmt: skip
_BY_SCHEME = ("point_value", "pool_amount", "pool_points", "rate")
_ANY = ""
_MOST_MULTIPLE = PUBLISHED["high_multiple"].high or MOST
"""so large a multiple or discount is none; times the largest mean it still fits into 64 bits"""

_HIGH = CLASSES.index("high")

REMARKS: dict[str, tuple[str, str]] = {
    "no_group": ("未公布该病组,支付未知", "the group is not published: payment not known"),
    "own_cost": (
        "按本例费用计点,缺全部病例均费或折扣,支付未知",
        "paid by its own cost; the overall mean or the discount is not published: payment not known",
    ),
    "no_mean": ("未公布例均费用,按正常倍率估", "no mean cost published: taken as a normal stay"),
    "no_low": ("未公布低倍率界值,未判低倍率", "no low multiple published: low stays are not told"),
    "no_high": ("未公布高倍率界值,未判高倍率", "no high multiple published: high stays are not told"),
    "review": ("高倍率追加须经评审,未计入", "extra of a high stay depends on a review and is not counted"),
    "no_scheme": (
        "未给险种而各险种点值不同,支付未知",
        "no insurance scheme named and the values differ: payment not known",
    ),
    "no_value": ("未公布点值,支付未知", "no point value published: payment not known"),
    "no_personal": ("缺个人负担,盈亏或基金支付未知", "paid by the patient is missing: gain or fund's part not known"),
    "in_house": ("在院,按已发生费用和现有编码估计", "in house: by charges and codes so far"),
}
"""what is said of a stay: Chinese, English"""

CANNOT_KNOW: tuple[tuple[str, str], ...] = (
    (
        "点值(费率)是已公布的,结算时按当期实际点值(费率)",
        "the point value or rate is the one published; settlement uses that of its own period",
    ),
    (
        "特例单议、扣减、不予支付、新技术、中医、难度系数、再入院等评审和调整未计入",
        "special reviews, deductions, refusals, new technology, TCM, difficulty and readmissions are not counted",
    ),
    (
        "高倍率追加总额限制、月预拨比例、质量保证金、年终清算未计入",
        "a cap on extra points, the paid share of a month, the quality deposit and the clearing are not counted",
    ),
)
"""what no hospital can know from published tables"""


@dataclass(frozen=True)
class Terms:
    """Published terms as whole numbers: ``of[term, scheme]``, scheme "" holding for both."""

    of: Mapping[tuple[str, str], Any]

    def get(self, term: str, otherwise: Any = None) -> Any:
        """A term that is the same for both insurance schemes."""
        return self.of.get((term, _ANY), otherwise)

    def by(self, term: str, scheme: str) -> Any:
        """A term of one insurance scheme."""
        return self.of.get((term, scheme), self.of.get((term, _ANY)))

    @property
    def by_rate(self) -> bool:
        """Whether the rate method holds."""
        return any(term == "rate" for term, _ in self.of)


def read_terms(rows: Iterable[Row]) -> Terms:
    """Terms of rows of ``published_terms``. Raises DATA for a value that cannot be read or is given twice, for point
    value and rate together, and for a rate that differs by insurance scheme."""
    of: dict[tuple[str, str], Any] = {}
    for at, row in enumerate(rows, start=1):
        term, scheme = row["term"], _ANY if row["applies_to"] == "all" else row["applies_to"]
        if (term, scheme) in of:
            raise _wrong(term, row["value"], "给了两次", "is given twice", at)
        if scheme and term not in _BY_SCHEME:
            raise _wrong(term, row["value"], "不能按险种不同", "cannot differ by insurance scheme", at)
        of[term, scheme] = _value(term, str(row["value"]).strip(), at)
    terms = Terms(of)
    values = [term for term, _ in of if term in ("point_value", "pool_amount", "pool_points")]
    if terms.by_rate and values:
        raise _wrong(values[0], "", "与费率只能给一个", "and a rate exclude each other")
    for scheme in ("", *SCHEMES):
        if (terms.by("pool_amount", scheme) is None) != (terms.by("pool_points", scheme) is None):
            raise _wrong("pool_points", "", "须与可分配额同时给出", "goes with pool_amount")
    return terms


def _value(term: str, text: str, at: int) -> Any:
    if term in _WORDS:
        if text.lower() not in _WORDS[term]:
            raise _wrong(term, text, "不认识", "is not known", at)
        return _WORDS[term][text.lower()]
    percent = text.endswith(("%", "％")) and _DECIMALS.get(term) == _FINE
    try:
        if term == "rate":
            value = parse_rate(text)
        elif term == "coefficient":
            value = parse_rate_coefficient(text)
        else:
            value = parse_scaled(text.rstrip("%％"), _DECIMALS[term] - 2 * percent)
    except DrgpayError as error:
        raise _wrong(term, text, f"读不出来:{error.zh}", f"cannot be read: {error.en}", at) from error
    most = _MOST_MULTIPLE if _DECIMALS.get(term) == _FINE and term != "pool_points" else MOST
    if not (1 if term in _POSITIVE else 0) <= value <= most:
        raise _wrong(term, text, "超出范围", "is out of bounds", at)
    return value


def _wrong(term: str, value: object, zh: str, en: str, row: int | None = None) -> DrgpayError:
    return DrgpayError(
        Kind.DATA, zh=f"参数{TERM_NAMES[term]}{zh}", en=f"term {term} {en}", file=PUBLISHED_TERMS.name,
        row=row, field=term, value=value or None, fix_zh="对照公布的文件改正",
        fix_en="correct it by what was published",
    )  # fmt: skip


@dataclass(frozen=True)
class Published:
    """What is published, ready for the kernel. ``drgs`` and the columns beside it have one more place for "none"."""

    terms: Terms
    groups: Mapping[str, Row]
    tables: Mapping[int, PointsTables] = field(repr=False)
    """low multiple → the kernel's tables"""
    drgs: Any = field(repr=False)
    low: Ints = field(repr=False)
    """−1 = not published"""
    high: Ints = field(repr=False)
    mean: Ints = field(repr=False)
    """group mean, by rate the payment standard; 0 = not published"""
    priced: Ints = field(repr=False)
    """1 = the group has base points or a weight"""
    coefficient: Ints = field(repr=False)
    """1/10,000, for people"""


def published(groups: Iterable[Row], terms: Terms) -> Published:
    """Tables from rows of ``published`` and the terms. Raises DATA without a coefficient where points or payments
    depend on it, and for a weight that cannot be read."""
    rows = {row["drg"]: row for row in groups}
    drgs = sorted(rows)
    coefficient = terms.get("coefficient")
    if coefficient is None and any(rows[d]["fixed_coefficient"] is None for d in drgs):
        raise _wrong("coefficient", "", "未给出,没有系数写 1", "is not given (write 1 where there is none)")
    finer = 10**4
    own = coefficient if coefficient is not None else ONE * finer
    ks = [own if (k := rows[d]["fixed_coefficient"]) is None else k * finer for d in drgs]
    weights = [_weight(rows[d]) for d in drgs]
    low = [_multiple(rows[d], "low_multiple", terms) for d in drgs]
    high = [_multiple(rows[d], "high_multiple", terms) for d in drgs]
    scale = terms.get("scale", 100)
    standards: list[int] | None = None
    if terms.by_rate:
        rate = terms.get("rate")
        if rate is None:
            raise _wrong("rate", "", "不能按险种不同", "cannot differ by insurance scheme")
        standards = [payment_standard(w, rate, k) if w is not None else 0 for w, k in zip(weights, ks, strict=True)]
        mean, base = standards, standards
    else:
        mean = [rows[d]["mean_cost"] or 0 for d in drgs]
        base = [_points(rows[d], w, scale) for d, w in zip(drgs, weights, strict=True)]
    shown = [half_up(k, finer) for k in ks]
    common = _tables(drgs, mean, base, high, shown, half_up(own, finer), standards, terms)
    lows = {max(value, 0) for value in low} | {0}
    return Published(
        terms, rows, {value: replace(common, low_multiple=value) for value in lows}, common.drgs,
        np.array([*low, -1], np.int64), np.array([*high, -1], np.int64), np.array([*mean, 0], np.int64),
        np.array([*(int(p > 0) for p in base), 0], np.int64), np.array([*shown, half_up(own, finer)], np.int64),
    )  # fmt: skip


def _tables(
    drgs: list[str],
    mean: list[int],
    base: list[int],
    high: list[int],
    ks: list[int],
    own: int,
    standards: list[int] | None,
    terms: Terms,
) -> PointsTables:
    # a group without mean or multiple is never high: its bound lies above every cost
    bounds = [MOST // max(m, 1) + 1 if h < 0 or m == 0 else h for h, m in zip(high, mean, strict=True)]
    by_rate = standards is not None
    return PointsTables(
        year=1,
        months=(1,),
        drgs=pa.array(drgs, pa.string()),
        mean_cost=np.array([*(max(m, 1) for m in mean), 1], np.int64),
        base_points=np.array([*base, 0], np.int64),
        high_multiple=np.array([*bounds, 0], np.int64),
        group_coefficient=np.array([*ks, -1], np.int64),
        institutions=pa.array([], pa.string()),
        coefficient=np.array([own], np.int64),
        overall_mean=ONE if by_rate else terms.get("overall_mean", 1),
        scale=1 if by_rate else terms.get("scale", 100),
        low_multiple=0,
        high_extra=terms.get("high_extra", "auto"),
        unstable_discount=terms.get("unstable_discount", 0),
        ungrouped_discount=terms.get("ungrouped_discount", 0),
        qy_discount=terms.get("qy_discount", 0),
        adjusting=Adjusting(
            short_days=terms.get("short_days"), long_days=terms.get("long_days"),
            day_points=terms.get("day_points", 0),
        ),
        standards=np.array([*standards, 0], np.int64).reshape(-1, 1) if standards is not None else None,
    )  # fmt: skip


def _weight(row: Row) -> int | None:
    if not row["weight"]:
        return None
    try:
        value = parse_weight(row["weight"])
    except DrgpayError:
        value = 0
    if not 0 < value <= MOST:
        raise DrgpayError(
            Kind.DATA, zh="权重读不出来", en="the weight cannot be read", file="published", field=row["drg"],
            value=row["weight"], fix_zh="写成正数,小数不超过九位",
            fix_en="write a positive number, up to nine decimals",
        )  # fmt: skip
    return value


def _multiple(row: Row, name: str, terms: Terms) -> int:
    value = row[name] if row[name] is not None else terms.get(name)
    return -1 if value is None else int(value)


def _points(row: Row, weight: int | None, scale: int) -> int:
    if row["base_points"] is not None:
        return int(row["base_points"])
    return half_up(weight * scale, 10 ** (WEIGHT_DECIMALS - 4)) if weight is not None else 0


def estimate_batch(batch: Any, rules: Published) -> dict[str, Any]:
    """Class, points and payment of a batch of grouped stays, as columns of ``stay_estimates`` without names and days.

    ``batch``: stay_id, institution_id, department_id, doctor_id, insurance_scheme, drg, status, los, total_cost,
    personal_paid, fund_by_item, in_house. A stay in house is priced as normal, unless its charges are already above
    the high bound. Values that are not known are null; ``remarks`` says why, as lists of keys of :data:`REMARKS`.
    """
    drg = codes_in(batch.column("drg"), rules.drgs)
    in_house = batch.column("in_house").to_numpy(zero_copy_only=False).astype(bool)
    known = _known(batch, drg, rules)
    case_class, points, extra = _scored(batch, drg, in_house, rules)
    paid, reasons = _paid(batch, points, known, rules)
    cost = integers(batch.column("total_cost"))
    personal = batch.column("personal_paid")
    lacks = personal.is_null().to_numpy(zero_copy_only=False)
    patients = integers(personal, 0)
    by_fund = rules.terms.get("basis", "total") == "fund" and not rules.terms.by_rate
    income = paid + patients if by_fund else paid
    fund = paid if by_fund else np.maximum(paid - patients, 0)
    payable = reasons == ""
    grouped = rules.priced[drg] > 0
    low, high = rules.low[drg], rules.high[drg]
    mean = rules.mean[drg]
    bounds = grouped & (mean > 0)
    told = known | grouped
    return {
        "case_class": pa.array(np.array(CLASSES, object)[case_class], pa.string(), mask=~told),
        "low_bound": _masked(mul_div_half_up(mean, np.maximum(low, 0), ONE), bounds & (low >= 0)),
        "high_bound": _masked(mul_div_half_up(mean, np.maximum(high, 0), ONE), bounds & (high >= 0)),
        "coefficient": _masked(rules.coefficient[drg], grouped),
        "extra": _masked(extra, known),
        "points": _masked(points, known & (not rules.terms.by_rate)),
        "expected_payment": _masked(paid, payable),
        "fund_payment": _masked(fund, payable & (by_fund | ~lacks)),
        "gain": _masked(income - cost, payable & (~lacks | (not by_fund))),
        "remarks": _remarks(case_class, drg, in_house, known, reasons, lacks, rules, batch),
    }


def _masked(values: Ints, known: Any) -> Any:
    return pa.array(values, mask=~np.asarray(known))


def _known(batch: Any, drg: Ints, rules: Published) -> Any:
    """Whether the points of a stay follow from what is published."""
    status = codes_in(batch.column("status"), pa.array(STATUSES, pa.string()))
    own = rules.terms.by_rate or rules.terms.get("overall_mean") is not None
    discounts = np.array(
        [rules.terms.get(f"{name}_discount") is not None for name in ("unstable", "ungrouped", "qy")]
    )
    by_cost = own & discounts[np.maximum(status, 0)]
    in_group = (status == 0) & (rules.priced[drg] > 0)
    return in_group | (by_cost & ((status != 0) | (drg >= 0)))


def _scored(batch: Any, drg: Ints, in_house: Any, rules: Published) -> tuple[Ints, Ints, Ints]:
    """Class, points and extra by the kernel. Stays in house know no low and no short class."""
    n = batch.num_rows
    case_class, points, extra = (np.zeros(n, np.int64) for _ in range(3))
    ones = pa.array(np.ones(n, np.int64))
    whole = batch.append_column("year", ones).append_column("month", ones)
    lows = np.maximum(rules.low[drg], 0)
    for low, tables in rules.tables.items():
        for staying in (False, True):
            rows = np.flatnonzero((lows == low) & (in_house == staying))
            if not len(rows):
                continue
            used = tables
            if staying:
                used = replace(tables, low_multiple=0, adjusting=replace(tables.adjusting, short_days=None))
            done = case_points(whole.take(pa.array(rows)), used)
            case_class[rows] = codes_in(done.column("case_class"), pa.array(CLASSES, pa.string()))
            points[rows], extra[rows] = integers(done.column("points")), integers(done.column("extra"))
    return case_class, points, extra


def _paid(batch: Any, points: Ints, known: Any, rules: Published) -> tuple[Ints, Any]:
    """Payment (fen) of every stay, and why it is not known: "" where it is."""
    reasons = np.where(known, "", "own").astype(object)
    if rules.terms.by_rate:
        return points, reasons
    scheme = codes_in(batch.column("insurance_scheme"), pa.array(SCHEMES, pa.string()))
    values = [value_of(rules.terms, one) for one in SCHEMES]
    same = values[0] if values[0] == values[1] else None
    paid = np.zeros(len(points), np.int64)
    for at, value in ((0, values[0]), (1, values[1]), (-1, same)):
        rows = np.flatnonzero((scheme == at) & np.asarray(known))
        if value is None:
            missing = "no_scheme" if at == -1 and values[0] != values[1] else "no_value"
            reasons[rows] = missing
        else:
            paid[rows] = mul_div_half_up(points[rows], value[0], value[1])
    return paid, reasons


def value_of(terms: Terms, scheme: str) -> tuple[int, int] | None:
    """What points (1/10,000) bring of an insurance scheme, in fen: points × first ÷ second. None: not published, and
    under the rate method, whose points are fen."""
    if terms.by_rate:
        return None
    amount, whole = terms.by("pool_amount", scheme), terms.by("pool_points", scheme)
    if amount is not None and whole is not None:
        return int(amount), int(whole)
    value = terms.by("point_value", scheme)
    return None if value is None else (int(value), ONE * 10 ** (RATE_DECIMALS - 2))


def _remarks(
    case_class: Ints,
    drg: Ints,
    in_house: Any,
    known: Any,
    reasons: Any,
    lacks: Any,
    rules: Published,
    batch: Any,
) -> list[list[str]]:
    status = codes_in(batch.column("status"), pa.array(STATUSES, pa.string()))
    grouped = rules.priced[drg] > 0
    in_group = grouped & (case_class <= _HIGH)
    review = (case_class == _HIGH) & (rules.terms.get("high_extra", "auto") == "after_review")
    flags = {
        "in_house": in_house,
        "no_group": ~np.asarray(known) & (status == 0) & (drg < 0),
        "own_cost": ~np.asarray(known) & ((status != 0) | (drg >= 0)),
        "no_mean": in_group & (rules.mean[drg] == 0),
        "no_low": in_group & (rules.mean[drg] > 0) & (rules.low[drg] < 0) & ~in_house,
        "no_high": in_group & (rules.mean[drg] > 0) & (rules.high[drg] < 0),
        "review": review,
        "no_scheme": reasons == "no_scheme",
        "no_value": reasons == "no_value",
        "no_personal": lacks & (reasons == ""),
    }
    found: list[list[str]] = [[] for _ in range(len(drg))]
    for name, here in flags.items():
        for at in np.flatnonzero(np.asarray(here)).tolist():
            found[at].append(name)
    return found
