"""Marks and grades: pure functions of a card and the subjects' values. Exact; one rounding per mark, half up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from drgpay.errors import DrgpayError, Kind
from drgpay.scorecard.model import (
    Bands,
    Card,
    Given,
    Item,
    Linear,
    Rank,
    Rule,
    Steps,
    Subject,
    Value,
    Veto,
)
from drgpay.scorecard.wording import Both, rule_text, show_number, show_value
from drgpay.units import ONE, half_up


@dataclass(frozen=True, slots=True)
class Mark:
    """One item of one subject. ``full``: the full mark, for a bonus its cap, for a penalty and a veto 0. ``mark``:
    within [0, full]; of a penalty within [−cap, 0]; None: not measured and left out. ``deduction``: full − mark,
    0 of a bonus.
    ``vetoed``: the grade at best."""

    subject: str
    type: str
    dimension: str
    item: str
    full: int
    value: Value | None
    mark: int | None
    deduction: int
    vetoed: str | None
    zh: str
    en: str
    source: str


@dataclass(frozen=True, slots=True)
class Result:
    """The total of one subject, its place within its type, and its grade.

    ``measured``: full marks of the items that have a mark; ``computed``, ``reported``: full marks of those with a
    value, computed or handed in; ``raw``: their marks, with bonus and penalties;
    ``total``: raw at the scale of the whole card, within [0, ceiling]. ``grade_by_total``: before veto and quota.
    None where nothing, or too little, was measured."""

    subject: str
    type: str
    full: int
    measured: int
    computed: int
    reported: int
    raw: int
    total: int | None
    place: int | None
    of: int
    grade_by_total: str | None
    grade: str | None
    zh: str
    en: str


def score(card: Card, subjects: Iterable[Subject]) -> tuple[list[Mark], list[Result]]:
    """Marks of every subject and item, and results; by type, then in the order of the subjects' ids.

    The card was checked. A subject whose type the card does not know fails (DATA), as do two of one id.
    """
    pools: dict[str, list[Subject]] = defaultdict(list)
    seen: set[str] = set()
    for subject in sorted(subjects, key=lambda s: s.id):
        kind = card.type_of(subject.type)
        if kind not in card.types or subject.id in seen:
            raise DrgpayError(
                Kind.DATA,
                zh="评分对象重复或类型不在评分表内",
                en="who is marked is given twice, or of a type the card does not know",
                field=subject.id,
                value=subject.type,
                fix_zh=f"类型：{' | '.join(card.types)}",
                fix_en=f"types: {' | '.join(card.types)}",
            )
        seen.add(subject.id)
        pools[kind].append(subject)
    marks, results = [], []
    for kind in card.types:
        pool = pools.get(kind, [])
        ranked = {item.id: _ranked(item, pool) for item in card.items if isinstance(item.rule, Rank)}
        of_pool = {
            s.id: [_mark(item, s, kind, ranked, card.grade_names) for item in card.items if _asked(item, kind)]
            for s in pool
        }
        marks += [mark for s in pool for mark in of_pool[s.id]]
        results += _results(card, kind, pool, of_pool)
    return marks, results


def _asked(item: Item, kind: str) -> bool:
    """Items without a full mark for a type are not asked of it; bonus, penalty and veto always are."""
    return item.full[kind] > 0 or isinstance(item.rule, Veto) or _adds(item.rule)


def _adds(rule: Rule) -> bool:
    return isinstance(rule, Steps) and rule.kind != "deduct_per"


def _ranked(item: Item, pool: Sequence[Subject]) -> list[Fraction]:
    """Values of those who are ranked."""
    found = (s.values.get(item.key) for s in pool)
    return [value.exact for value in found if value is not None and not value.small]


def _mark(
    item: Item,
    subject: Subject,
    kind: str,
    ranked: Mapping[str, list[Fraction]],
    names: Mapping[str, tuple[str, str]],
) -> Mark:
    full = item.full[kind]
    if _adds(item.rule) and item.cap is not None:
        full = item.cap.of(0) if isinstance(item.rule, Steps) and item.rule.kind == "bonus" else 0
    value = subject.values.get(item.key)
    reason: tuple[str, str] | None = subject.absent.get(item.key, ("没有数据", "no data"))
    if value is not None:
        reason = (
            ("例数太少,不排名", "too few cases to be ranked") if isinstance(item.rule, Rank) and value.small else None
        )
    rule = rule_text(item, names)
    if value is None or reason is not None:
        mark, vetoed, said = _absent(item, full, reason or ("", ""))
    else:
        mark, vetoed, said = _judge(item, full, value, ranked)
    shown = Both("无", "none") if value is None else show_value(value, item.unit)
    bonus = isinstance(item.rule, Steps) and item.rule.kind == "bonus"
    got = _got(item.rule, full, mark)
    note = Both(value.note_zh, value.note_en) if value is not None else Both("", "")
    return Mark(
        subject=subject.id,
        type=kind,
        dimension=item.dimension,
        item=item.id,
        full=full,
        value=value,
        mark=mark,
        deduction=0 if mark is None or bonus else full - mark,
        vetoed=vetoed,
        zh=";".join(t for t in (f"值 {shown.zh}", note.zh, f"规则：{rule.zh}", said.zh, got.zh) if t),
        en="; ".join(t for t in (f"value {shown.en}", note.en, f"rule: {rule.en}", said.en, got.en) if t),
        source=item.source,
    )


def _got(rule: Rule, full: int, mark: int | None) -> Both:
    """What came of an item: a mark of the full mark; points added to or taken from the total."""
    if mark is None:
        return Both("不计分", "not counted")
    if isinstance(rule, Steps) and rule.kind == "bonus":
        return Both(f"加 {show_number(mark)}", f"{show_number(mark)} added")
    if isinstance(rule, Steps) and rule.kind == "penalty":
        return Both(f"从总分扣 {show_number(-mark)}", f"{show_number(-mark)} taken from the total")
    deduction, got, most = (show_number(v) for v in (full - mark, mark, full))
    return Both(f"扣 {deduction},得 {got}/{most}", f"deduction {deduction}, mark {got} of {most}")


def _absent(item: Item, full: int, reason: tuple[str, str]) -> tuple[int | None, None, Both]:
    if isinstance(item.rule, Veto) or _adds(item.rule):
        return 0 if _adds(item.rule) else None, None, Both(*reason)
    mark = {"leave_out": None, "zero": 0, "full": full}[item.missing]
    how = {
        "leave_out": ("不计入", "left out"),
        "zero": ("缺失计 0 分", "0 when missing"),
        "full": ("缺失计满分", "the full mark when missing"),
    }[item.missing]
    return mark, None, Both(f"{reason[0]},{how[0]}", f"{reason[1]}, {how[1]}")


def _judge(
    item: Item, full: int, value: Value, ranked: Mapping[str, list[Fraction]]
) -> tuple[int | None, str | None, Both]:
    """Mark, grade at best, and what there is to say besides the rule."""
    exact, rule, nothing = value.exact, item.rule, Both("", "")
    most = full if item.cap is None else item.cap.of(full)
    if isinstance(rule, Steps):
        moved = half_up(*_quotient(rule.points.of(full) * _steps(rule, exact)))
        if rule.kind == "deduct_per":
            return full - min(moved, most, full), None, _capped(moved, min(most, full))
        return (min(moved, most) if rule.kind == "bonus" else -min(moved, most)), None, _capped(moved, most)
    if isinstance(rule, Veto):
        hit = rule.when.holds(exact)
        return None, rule.grade if hit else None, Both("触发", "it applies") if hit else Both("未触发", "no case")
    if isinstance(rule, Given):
        mark = half_up(*_quotient(exact * ONE))
        if not 0 <= mark <= full:
            raise DrgpayError(
                Kind.DATA,
                zh="评分超出 0 与满分之间",
                en="a mark outside 0 and the full mark",
                field=item.id,
                value=show_number(mark),
                fix_zh=f"满分 {show_number(full)}",
                fix_en=f"the full mark is {show_number(full)}",
            )
        return _held(mark, full, most), None, nothing
    if isinstance(rule, Bands):
        mark = next(amount.of(full) for band, amount in rule.bands if band.holds(exact))
        return _held(mark, full, most), None, nothing
    if isinstance(rule, Linear):
        low = rule.at_floor.of(full)
        way = Fraction(exact * ONE - rule.floor, rule.target - rule.floor)
        way = min(max(way, Fraction(0)), Fraction(1))
        return _held(half_up(*_quotient(low + (full - low) * way)), full, most), None, nothing
    values = ranked[item.id]
    place = 1 + sum(v > exact if item.better == "higher" else v < exact for v in values)
    best, worst = rule.best.of(full), rule.worst.of(full)
    mark = (
        best
        if len(values) == 1
        else half_up(*_quotient(best - Fraction((best - worst) * (place - 1), len(values) - 1)))
    )
    said = Both(f"同类第 {place}/{len(values)}", f"place {place} of {len(values)} of its type")
    return _held(mark, full, most), None, said


def _held(mark: int, full: int, most: int) -> int:
    """Within [full − cap, full]."""
    return min(max(mark, full - most), full)


def _capped(moved: int, most: int) -> Both:
    if moved <= most:
        return Both("", "")
    return Both(
        f"应扣加 {show_number(moved)},封顶 {show_number(most)}", f"{show_number(moved)} held at {show_number(most)}"
    )


def _quotient(value: Fraction | int) -> tuple[int, int]:
    exact = Fraction(value)
    return exact.numerator, exact.denominator


def _steps(rule: Steps, exact: Fraction) -> Fraction:
    excess = exact * ONE - rule.beyond if rule.side == "above" else rule.beyond - exact * ONE
    steps = Fraction(max(excess, Fraction(0)), rule.per)
    if rule.count == "exact":
        return steps
    return Fraction(-(-steps.numerator // steps.denominator) if rule.count == "started" else steps // 1)


def _results(card: Card, kind: str, pool: Sequence[Subject], marks: Mapping[str, list[Mark]]) -> list[Result]:
    counted = {i.id for i in card.items if not (_adds(i.rule) or isinstance(i.rule, Veto))}
    found = [_total(card, kind, s, marks[s.id], counted) for s in pool]
    totals = [r.total for r in found if r.total is not None]
    placed = [
        r if r.total is None else replace(r, place=1 + sum(t > r.total for t in totals), of=len(totals))
        for r in found
    ]
    return _graded(card, kind, pool, placed, marks) if card.grades else placed


def _total(card: Card, kind: str, subject: Subject, marks: list[Mark], counted: set[str]) -> Result:
    main = [m for m in marks if m.item in counted and m.mark is not None]
    measured = sum(m.full for m in main)
    valued = [m for m in marks if m.item in counted and m.value is not None]
    reported = sum(m.full for m in valued if m.value is not None and m.value.reported)
    computed = sum(m.full for m in valued) - reported
    raw = sum(m.mark or 0 for m in main)
    extra = sum(m.mark or 0 for m in marks if m.item not in counted)
    total: int | None = None
    zh = en = ""
    known = computed + reported
    if measured and known * ONE >= card.least_measured * card.full:
        total = min(max(half_up(raw * card.full, measured) + extra, 0), card.ceiling)
        if measured != card.full:
            zh = f"测得满分 {show_number(measured)} 中的 {show_number(raw)},按 {show_number(card.full)} 分折算"
            en = f"{show_number(raw)} of {show_number(measured)} measured, scaled to {show_number(card.full)}"
    else:
        share, least = show_number(half_up(known * ONE, card.full) * 100), show_number(card.least_measured * 100)
        zh = f"满分 {show_number(card.full)} 中只测得 {show_number(known)}（{share}%，至少 {least}%），不评等级"
        of = f"{show_number(known)} of {show_number(card.full)}"
        en = f"only {of} measured ({share} %, at least {least} %): no grade"
    return Result(
        subject.id, kind, card.full, measured, computed, reported, raw + extra, total, None, 0, None, None, zh, en
    )


def _graded(
    card: Card, kind: str, pool: Sequence[Subject], results: list[Result], marks: Mapping[str, list[Mark]]
) -> list[Result]:
    """Grades by the total, held by vetoes, then by quotas from the best grade down."""
    names = [name for name, _ in card.grades]
    values = {s.id: s.values for s in pool}
    grade: dict[str, int] = {}
    said: dict[str, list[Both]] = {r.subject: [Both(r.zh, r.en)] if r.zh else [] for r in results}
    by_total: dict[str, str] = {}
    for r in results:
        if r.total is None:
            continue
        place = next(i for i, (_, least) in enumerate(card.grades) if i == len(names) - 1 or r.total >= least)
        by_total[r.subject] = names[place]
        held = max((names.index(m.vetoed) for m in marks[r.subject] if m.vetoed), default=0)
        if held > place:
            items = ", ".join(m.item for m in marks[r.subject] if m.vetoed)
            said[r.subject].append(Both(f"一票否决({items})", f"veto ({items})"))
        grade[r.subject] = max(place, held)
    graded = [r for r in results if r.subject in grade]
    order = sorted(graded, key=lambda r: _order(card, r, values[r.subject]))
    for place, name in enumerate(names):
        share = card.quota.get(name, {}).get(kind)
        if share is None:
            continue
        room = len(graded) * share // ONE
        holders = [r for r in order if grade[r.subject] == place]
        zh, en = card.grade_names[name]
        for r in holders[room:]:
            grade[r.subject] = place + 1
            said[r.subject].append(
                Both(f"{zh}限额 {room} 个已满", f"the {room} places of {en} are taken")
            )  # fmt: skip
    return [
        replace(
            r,
            grade_by_total=by_total.get(r.subject),
            grade=names[grade[r.subject]] if r.subject in grade else None,
            zh=";".join(b.zh for b in said[r.subject]),
            en="; ".join(b.en for b in said[r.subject]),
        )
        for r in results
    ]


def _order(card: Card, result: Result, values: Mapping[str, Value]) -> tuple[object, ...]:
    """Best total first, then the tie-break values (one that is missing comes last), then the id."""
    keys: list[tuple[bool, Fraction]] = []
    for name, better in card.tie_break:
        value = values.get(name)
        exact = Fraction(0) if value is None else value.exact
        keys.append((value is None, -exact if better == "higher" else exact))
    return (-(result.total or 0), *keys, result.subject)
