"""The closed loop (design/07 §4): what follows from people's decisions, and from nothing else.

A suspicion that nobody reviewed, or that a review dismissed, leaves no trace in any table of this file."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from drgpay.errors import DrgpayError, Kind
from drgpay.steps.oversight.catalogue import Limits
from drgpay.units import ONE, half_up

Row = dict[str, Any]
_MONEY = frozenset({"recover", "damages"})
_REFUSE = "refuse"
_SUSPEND, _TERMINATE, _HAND_OVER = "suspend", "terminate", "hand_over"
_GRAVE = frozenset({_SUSPEND, _TERMINATE, _HAND_OVER})
"""treatments that act on the institution's agreement from a day on"""


def _wrong(zh: str, en: str, suspicion: str, field: str, fix_zh: str, fix_en: str) -> DrgpayError:
    return DrgpayError(
        Kind.DATA, zh=zh, en=en, file="reviews", field=field, value=suspicion, fix_zh=fix_zh, fix_en=fix_en
    )


def treatments(reviews: Sequence[Row], suspicions: Mapping[str, Row]) -> list[Row]:
    """Rows of ``treatments`` from the register ``reviews``: one for every confirmed suspicion.

    ``suspicions``: by id. Raises DATA for a review of no known suspicion, a confirmation without a treatment, damages
    without a multiple or a multiple without damages, a refusal without a stay or with an amount, and money taken
    twice for one stay."""
    rows: list[Row] = []
    for review in sorted(reviews, key=lambda r: str(r["suspicion_id"])):
        name = review["suspicion_id"]
        if name not in suspicions:
            raise _wrong(
                "评审的疑点不存在",
                "no such suspicion",
                name,
                "suspicion_id",
                "核对疑点号,或用产生它的那次结果",
                "check the id, or name the result it is from",
            )
        if review["decision"] != "confirm":
            continue
        found, treatment = suspicions[name], review["treatment"]
        if treatment is None:
            raise _wrong(
                "认定违规须写明处理",
                "a confirmed violation needs a treatment",
                name,
                "treatment",
                "填 refuse、recover、damages、interview 等",
                "write refuse, recover, damages, interview …",
            )
        if treatment == "damages" and not review["damages_multiple"]:
            raise _wrong(
                "违约金须写明倍数",
                "damages need a multiple",
                name,
                "damages_multiple",
                "填 2 至 5 之间的倍数",
                "write a multiple, 2 to 5",
            )
        if treatment != "damages" and review["damages_multiple"]:
            raise _wrong(
                "只有处理方式为 damages 才计违约金",
                "only the treatment damages takes damages",
                name,
                "damages_multiple",
                "处理方式改为 damages(追回并计违约金),或清空倍数",
                "write damages as the treatment (it takes the amount back too), or clear the multiple",
            )
        if treatment == "refuse" and found["stay_id"] is None:
            raise _wrong(
                "没有病例可以拒付",
                "there is no stay to refuse",
                name,
                "treatment",
                "改用 recover 或 interview",
                "use recover or interview",
            )
        if treatment == "refuse" and review["amount"] is not None:
            raise _wrong(
                "拒付的是整份病例,不填金额",
                "a refusal is of the whole stay and takes no amount",
                name,
                "amount",
                "清空金额,或把处理方式改为 recover 只追回这笔钱",
                "clear the amount, or write recover to take only this much back",
            )
        _check_days(review, treatment, found)
        amount = held = 0
        if treatment == "refuse":
            amount = found["stay_payment"] or 0
        elif treatment in _MONEY:
            amount = found["amount"] if review["amount"] is None else review["amount"]
        elif treatment == _HAND_OVER and found["insurance_scheme"] is not None:
            held = found["amount"] if review["amount"] is None else review["amount"]
        multiple = review["damages_multiple"] or 0 if treatment == "damages" else 0
        rows.append(
            {
                "suspicion_id": name,
                "violation": found["violation"],
                "institution_id": found["institution_id"],
                "insurance_scheme": found["insurance_scheme"],
                "department_id": found["department_id"],
                "doctor_id": found["doctor_id"],
                "stay_id": found["stay_id"],
                "treatment": treatment,
                "amount": amount,
                "damages": half_up(amount * multiple, ONE),
                "damages_multiple": multiple,
                "held": held,
                "from_date": (review.get("from_date") or review["on"]) if treatment in _GRAVE else None,
                "lifted_on": review.get("lifted_on"),
                "points": review["points"] or 0,
                "publish": bool(review["publish"]),
                "reviewer": review["reviewer"],
                "on": review["on"],
                "reason": review["reason"],
            }
        )
    _once(rows)
    return rows


def _check_days(review: Row, treatment: str, found: Row) -> None:
    """Days belong to treatments that act from a day on, and end after they began; those need an institution."""
    name, begins, ends = review["suspicion_id"], review.get("from_date"), review.get("lifted_on")
    if begins is not None and treatment not in _GRAVE:
        raise _wrong(
            "这种处理没有起始日期",
            "this treatment has no day from which it acts",
            name,
            "from_date",
            "清空起始日期,或把处理改为暂停、解除协议、移交",
            "clear the day, or write suspend, terminate or hand_over",
        )
    if ends is not None and treatment not in (_SUSPEND, _HAND_OVER):
        raise _wrong(
            "只有暂停和移交才有解除日期",
            "only suspend and hand_over are lifted",
            name,
            "lifted_on",
            "清空解除日期",
            "clear the day",
        )
    if ends is not None and ends < (begins or review["on"]):
        raise _wrong(
            "解除日期早于起始日期",
            "it is lifted before it begins",
            name,
            "lifted_on",
            "改正两个日期",
            "correct the days",
        )
    if treatment in _GRAVE and found["institution_id"] is None:
        raise _wrong(
            "疑点没有写明机构,不能暂停、解除或移交",
            "the suspicion names no institution to be suspended, terminated or handed over",
            name,
            "treatment",
            "改用约谈",
            "use interview",
        )


def _once(rows: Sequence[Row]) -> None:
    """Money of one stay is taken once: refused, or recovered for one suspicion."""
    seen: dict[str, str] = {}
    for row in rows:
        stay = row["stay_id"]
        if stay is not None and row["treatment"] in _MONEY | {_REFUSE}:
            if stay in seen:
                raise _wrong(
                    f"同一病例已因 {seen[stay]} 拒付或追回",
                    f"the stay was refused or recovered for {seen[stay]}",
                    row["suspicion_id"],
                    "treatment",
                    "只保留一条,其余改为 interview",
                    "keep one, make the others an interview",
                )
            seen[stay] = row["suspicion_id"]


def violation_rows(treated: Sequence[Row], year: int) -> list[Row]:
    """Rows for the register ``violations`` that settlement reads: what is recovered, with damages."""
    return [
        {
            "violation_id": row["suspicion_id"],
            "year": year,
            "institution_id": row["institution_id"],
            "insurance_scheme": row["insurance_scheme"],
            "amount": row["amount"],
            "damages_multiple": row["damages_multiple"] or None,
            "reason": row["reason"],
        }
        for row in treated
        if row["treatment"] in _MONEY and row["insurance_scheme"] is not None
    ]


def hold_rows(treated: Sequence[Row], year: int) -> list[Row]:
    """Rows for the register ``payment_holds``: a suspended institution is paid nothing from the day on, final payment
    included; of one whose case is handed over (移送) what is disputed is held. ``lifted_on`` releases both."""
    rows = []
    for row in treated:
        disputed = row["treatment"] == _HAND_OVER and row["held"] > 0
        if row["treatment"] == _SUSPEND or disputed:
            rows.append(
                {
                    "hold_id": row["suspicion_id"],
                    "institution_id": row["institution_id"],
                    "from_date": row["from_date"],
                    "released_on": row["lifted_on"],
                    "reason": row["reason"],
                    "holds": "amount" if disputed else "all",
                    "year": year if disputed else None,
                    "insurance_scheme": row["insurance_scheme"] if disputed else None,
                    "amount": row["held"] if disputed else None,
                }
            )
    return rows


def closing_rows(treated: Sequence[Row]) -> list[Row]:
    """Rows for the register ``institution_events``: institutions whose agreement is terminated are closed from the
    day on, without a successor; of several decisions on one the first day counts."""
    first: dict[str, Row] = {}
    for row in sorted(treated, key=lambda r: (str(r["from_date"]), r["suspicion_id"])):
        if row["treatment"] == _TERMINATE:
            first.setdefault(row["institution_id"], row)
    return [
        {
            "event_id": row["suspicion_id"],
            "institution_id": h,
            "event": "closed",
            "from_date": row["from_date"],
            "successor": None,
            "new_name": None,
            "new_level": None,
            "reason": row["reason"],
        }
        for h, row in sorted(first.items())
    ]


def _gravest(treated: Sequence[Row]) -> dict[str, Row]:
    """Institution → its first decision of :data:`_GRAVE`, lifted or not, by the id of the suspicion."""
    found: dict[str, Row] = {}
    for row in sorted(treated, key=lambda r: str(r["suspicion_id"])):
        if row["treatment"] in _GRAVE:
            found.setdefault(row["institution_id"], row)
    return found


def sanction_rows(treated: Sequence[Row], year: int) -> list[Row]:
    """Rows for the register ``sanctions``: who is being dealt with for a violation in the year. Source:
    hangzhou-2019 §1."""
    return [
        {"year": year, "institution_id": h, "ground": row["reason"]} for h, row in sorted(_gravest(treated).items())
    ]


def supervision_rows(treated: Sequence[Row], year: int, limits: Limits) -> list[Row]:
    """Rows for the register ``supervision``: suspended, terminated and handed over institutions are watched most
    closely after the year."""
    return [
        {
            "year": year,
            "institution_id": h,
            "tier": limits.whole("treatment.strict_tier"),
            "sampling_share": limits.ratio("treatment.strict_share"),
        }
        for h in sorted(_gravest(treated))
    ]


def refusal_rows(treated: Sequence[Row], first: int) -> list[Row]:
    """Rows for the register ``stay_decisions`` that the points read: stays that are not paid."""
    refused = [row for row in treated if row["treatment"] == _REFUSE]
    return [
        {
            "stay_id": row["stay_id"],
            "institution_id": row["institution_id"],
            "kind": "refuse",
            "decision": "approved",
            "number": first + i,
            "amount": None,
            "share": None,
            "reason": row["reason"],
        }
        for i, row in enumerate(refused)
    ]


def ledger_preview(treated: Sequence[Row]) -> list[Row]:
    """Rows of ``ledger_preview``: what the next clearing posts for the treatments. A refused stay has no entry of its
    own: the institution's due is less by its payment, up to how the points of all are shared."""
    rows = []
    for row in treated:
        scheme, house = row["insurance_scheme"], row["institution_id"]
        if scheme is None:
            continue
        kinds = [
            ("violation_recovered", "fund:returned", row["amount"]),
            ("damages", "fund:returned", row["damages"]),
        ]
        if row["treatment"] == _REFUSE:
            kinds = [("stay_refused", "fund:drg", row["amount"])]
        elif row["treatment"] == _HAND_OVER and row["lifted_on"] is None:
            kinds = [("month_held", f"{house}:held", row["held"])]
        elif row["treatment"] not in _MONEY:
            kinds = []
        rows += [
            {
                "suspicion_id": row["suspicion_id"],
                "institution_id": house,
                "insurance_scheme": scheme,
                "event": event,
                "debit": f"{scheme}:{house}:payable",
                "credit": f"{scheme}:{account}",
                "amount": amount,
            }
            for event, account, amount in kinds
            if amount
        ]
    return rows


def mark_rows(treated: Sequence[Row], year: int) -> list[Row]:
    """Rows for the register ``doctor_marks``: points given to doctors, which later looks of the year count too."""
    return [
        {
            "violation_id": row["suspicion_id"],
            "year": year,
            "institution_id": row["institution_id"],
            "doctor_id": row["doctor_id"],
            "points": row["points"],
            "reason": row["reason"],
        }
        for row in treated
        if row["doctor_id"] is not None and row["points"]
    ]


def refused_patients(treated: Sequence[Row], suspicions: Mapping[str, Row], year: int) -> list[Row]:
    """Rows for the register ``refusals``: confirmed refusals of patients (推诿), which cut the next prepayment. Stays
    and persons are not named."""
    return [
        {
            "violation_id": row["suspicion_id"],
            "year": year,
            "institution_id": row["institution_id"],
            "form": suspicions[row["suspicion_id"]]["form"],
            "reason": row["reason"],
        }
        for row in treated
        if row["violation"] == "refusal" and row["institution_id"] is not None
    ]


def confirmed_cases(treated: Sequence[Row], suspicions: Mapping[str, Row], year: int) -> list[Row]:
    """Rows for the register ``confirmed_cases``: every confirmed suspicion of an institution by its type, whatever
    followed from it. Stays and persons are not named."""
    return [
        {
            "violation_id": row["suspicion_id"],
            "year": year,
            "institution_id": row["institution_id"],
            "violation": row["violation"],
            "form": suspicions[row["suspicion_id"]]["form"],
            "reason": row["reason"],
        }
        for row in treated
        if row["institution_id"] is not None
    ]


def negative_list(refusals: Sequence[Row], earlier: Sequence[Row]) -> list[Row]:
    """Rows of ``negative_list`` (负面清单, seed 003): confirmed refusals of the year by institution and form.
    ``earlier``: rows of the register ``refusals`` of the year; those of this look count once."""
    by_id = {row["violation_id"]: row for row in (*earlier, *refusals)}
    counts: dict[tuple[int, str, str], int] = {}
    for row in by_id.values():
        key = (row["year"], row["institution_id"], row["form"])
        counts[key] = counts.get(key, 0) + 1
    return [
        {"year": year, "institution_id": h, "form": form, "count": n} for (year, h, form), n in sorted(counts.items())
    ]


def doctor_points(treated: Sequence[Row], limits: Limits, earlier: Sequence[Row] = ()) -> list[Row]:
    """Rows of ``doctor_points`` (医保医师积分): points given in the year, and what is left of the full mark.
    ``earlier``: rows of the register ``doctor_marks`` of the year; those of this look's reviews count once."""
    full = limits.whole("treatment.doctor_full")
    given: dict[tuple[str, str], list[int]] = {}
    now = {row["suspicion_id"] for row in treated}
    for row in (*treated, *(row for row in earlier if row["violation_id"] not in now)):
        if row["doctor_id"] is not None:
            given.setdefault((row["institution_id"], row["doctor_id"]), []).append(row["points"])
    return [
        {
            "institution_id": h,
            "doctor_id": d,
            "violations": len(points),
            "points": sum(points),
            "left": max(0, full - sum(points)),
            "suspended": sum(points) >= full,
        }
        for (h, d), points in sorted(given.items())
    ]


def publications(treated: Sequence[Row]) -> list[Row]:
    """Rows of ``publications``: what reviewers want made public, by institution and type; no patient, no stay."""
    told: dict[tuple[str, str], list[Row]] = {}
    for row in treated:
        if row["publish"]:
            told.setdefault((row["institution_id"], row["violation"]), []).append(row)
    return [
        {
            "institution_id": h,
            "violation": v,
            "count": len(its),
            "amount": sum(r["amount"] for r in its),
            "damages": sum(r["damages"] for r in its),
        }
        for (h, v), its in sorted(told.items())
    ]


def violation_tiers(treated: Sequence[Row], institutions: Collection[str], year: int, limits: Limits) -> list[Row]:
    """Rows of ``violation_tiers``: next year's tier by the number of confirmed violations and their amount; the
    strictest for those suspended, terminated or handed over."""
    rows, grave = [], _gravest(treated)
    for h in sorted(institutions):
        its = [row for row in treated if row["institution_id"] == h]
        amount = sum(row["amount"] + row["damages"] for row in its)
        strict = h in grave or len(its) >= limits.whole("treatment.tier_strict")
        focus = len(its) >= limits.whole("treatment.tier_focus") or amount >= limits.fen("treatment.serious_yuan")
        tier = "strict" if strict else "focus" if focus else "ordinary"
        rows.append(
            {"institution_id": h, "violations": len(its), "amount": amount, "tier": tier, "next_year": year + 1}
        )
    return rows
