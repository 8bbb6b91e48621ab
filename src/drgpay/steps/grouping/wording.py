"""Rules and what is found of them in words, Chinese and English: for people who do not read the grammar."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from drgpay.scheme.rules import (
    STANDINGS,
    And,
    Atom,
    Compare,
    Const,
    Expr,
    Flag,
    InList,
    Not,
    Operation,
    Or,
    Severity,
    Sites,
    describe,
)


class Said(NamedTuple):
    """A text in both languages."""

    zh: str
    en: str

    def join(self, mark: str, words: Iterable[str]) -> Said:
        """This text followed by words that are the same in both languages; empty ones are left out."""
        more = [word for word in words if word]
        return Said(*(mark.join([text, *more]) for text in self))

    def then(self, other: Said) -> Said:
        """This text, a colon, and another."""
        return Said(f"{self.zh}：{other.zh}", f"{self.en}: {other.en}")


def conjoin(texts: Iterable[Said]) -> Said:
    """Texts side by side in one sentence."""
    those = list(texts)
    return Said("；".join(t.zh for t in those), "; ".join(t.en for t in those))


PARTS = {
    "mdc": Said("主要诊断大类", "MDC"),
    "adrg": Said("核心病组", "ADRG"),
    "drg": Said("病组", "DRG"),
    "qy": Said("手术与主要诊断无关", "operation unrelated to the principal diagnosis"),
    "retry": Said("改用后面的手术重试", "tried again with a later procedure"),
    "severity": Said("其他诊断", "other diagnosis"),
}
"""what a step is about"""
VERDICT = {True: Said("符合", "holds"), False: Said("不符合", "does not hold")}
CONDITION = Said("条件", "condition")
ALWAYS = Said("不设条件", "unconditional")
SEVERITY = {
    "none": Said("无 MCC 和 CC", "neither MCC nor CC"),
    "cc": Said("有 CC，无 MCC", "CC, no MCC"),
    "mcc": Said("有 MCC，无 CC", "MCC, no CC"),
    "mcc with cc": Said("有 MCC，也有 CC", "MCC and CC"),
}
"""the standing of a stay"""
assert tuple(SEVERITY) == STANDINGS

_WHO = {
    "pdx": (Said("主要诊断", "the principal diagnosis is"), Said("主要诊断", "the principal diagnosis is")),
    "adx": (Said("有诊断", "some diagnosis is"), Said("没有诊断", "no diagnosis is")),
    "odx": (Said("有其他诊断", "some other diagnosis is"), Said("没有其他诊断", "no other diagnosis is")),
    "pproc": (Said("主要手术", "the principal procedure is"), Said("主要手术", "the principal procedure is")),
    "proc": (Said("有手术操作", "some procedure is"), Said("没有手术操作", "no procedure is")),
    "oproc": (Said("有其他手术操作", "some other procedure is"), Said("没有其他手术操作", "no other procedure is")),
}
"""kind of list -> who is looked at, when something is found and when not"""
_MANY = {
    "adx": Said("诊断", "diagnoses"),
    "odx": Said("其他诊断", "other diagnoses"),
    "proc": Said("手术操作", "procedures"),
    "oproc": Said("其他手术操作", "other procedures"),
}
_DIAGNOSES, _PROCEDURES = Said("诊断表", "list of diagnoses"), Said("手术操作表", "list of procedures")
_LISTS = {
    "pdx": _DIAGNOSES,
    "adx": _DIAGNOSES,
    "odx": Said("其他诊断表", "list of other diagnoses"),
    "pproc": _PROCEDURES,
    "proc": _PROCEDURES,
    "oproc": Said("其他手术操作表", "list of other procedures"),
}
_NOTHING = {
    "pdx": Said("没有有效的主要诊断", "there is no valid principal diagnosis"),
    "adx": Said("没有诊断", "there is no diagnosis"),
    "odx": Said("没有其他诊断", "there is no other diagnosis"),
    "pproc": Said("没有有效的主要手术", "there is no valid principal procedure"),
    "proc": Said("没有手术操作", "there is no procedure"),
    "oproc": Said("没有其他手术操作", "there is no other procedure"),
}
_OF_MDC, _OF_GROUP = Said("本大类", "the category's"), Said("本组", "the group's")
_FIELDS = {
    "sex": (Said("性别", "sex"), Said("", "")),
    "age": (Said("年龄", "age in years"), Said(" 岁", "")),
    "age_days": (Said("日龄", "age in days"), Said(" 天", "")),
    "weight": (Said("出生体重", "birth weight"), Said(" 克", " g")),
    "admission_weight": (Said("入院体重", "weight at admission"), Said(" 克", " g")),
    "los": (Said("住院天数", "days of stay"), Said(" 天", "")),
}
_OPERATORS = {
    "<": Said("小于", "under"),
    "<=": Said("不大于", "at most"),
    ">": Said("大于", "over"),
    ">=": Said("不小于", "at least"),
    "==": Said("等于", "is"),
}
_OPPOSITE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">"}
SEXES = {"male": Said("男", "male"), "female": Said("女", "female")}
_LEVELS = {
    "mcc": (Said("有 MCC", "with MCC"), Said("没有 MCC", "without MCC")),
    "cc": (Said("有 CC 且没有 MCC", "with CC and without MCC"), Said("不是只有 CC", "not with CC alone")),
    "mcc_or_cc": (Said("有 MCC 或 CC", "with MCC or CC"), Said("没有 MCC 和 CC", "without MCC and CC")),
    "none": (Said("没有 MCC 和 CC", "without MCC and CC"), Said("有 MCC 或 CC", "with MCC or CC")),
    "no_mcc": (Said("没有 MCC", "without MCC"), Said("有 MCC", "with MCC")),
    "any_cc": (Said("有 CC", "with CC"), Said("没有 CC", "without CC")),
}
VALUES = {
    **SEXES,
    "none": Said("无 MCC 和 CC", "neither MCC nor CC"),
    "cc": Said("CC（并发症或合并症）", "CC"),
    "mcc": Said("MCC（严重并发症或合并症）", "MCC"),
    "not_listed": Said("不是 MCC 也不是 CC", "neither MCC nor CC"),
    "grouped": Said("已入组", "grouped"),
    "ungrouped": Said("未入组", "ungrouped"),
    "qy": Said("歧义（手术与主要诊断无关）", "ambiguous (operation unrelated to the principal diagnosis)"),
}
"""values of a result in words"""
_FLAGS = {
    "icu": (Said("有重症监护", "with intensive care"), Said("没有重症监护", "without intensive care")),
    "bilateral": (Said("双侧", "bilateral"), Said("不是双侧", "not bilateral")),
}


def rule(expr: Expr, part: str) -> Said:
    """A condition, rule or split in words; ``part`` is mdc, adrg or drg."""
    if isinstance(expr, Const):
        return ALWAYS
    if isinstance(expr, Not):
        if isinstance(expr.term, And | Or | Not | Const):
            inner = rule(expr.term, part)
            return Said(f"不符合（{inner.zh}）", f"not ({inner.en})")
        return state(expr.term, False, part)
    if isinstance(expr, And | Or):
        terms = [_bracketed(term, part) for term in expr.terms]
        zh, en = ("，且", " and ") if isinstance(expr, And) else ("，或", " or ")
        return Said(zh.join(t.zh for t in terms), en.join(t.en for t in terms))
    return state(expr, True, part)


def _bracketed(expr: Expr, part: str) -> Said:
    inner = rule(expr, part)
    return Said(f"（{inner.zh}）", f"({inner.en})") if isinstance(expr, And | Or) else inner


def state(atom: Atom, holds: bool, part: str, missing: bool = False) -> Said:
    """What is the case when the atom holds or does not; ``missing``: the stay has nothing to look at."""
    match atom:
        case InList(kind=kind):
            return _NOTHING[kind] if missing and not holds else _listed(atom, holds, part)
        case Operation(principal=principal):
            kind = "pproc" if principal else "proc"
            return _NOTHING[kind] if missing and not holds else _operation(kind, holds)
        case Compare(field=field, op=op, value=value):
            name, unit = _FIELDS[field]
            if missing:
                return Said(f"{name.zh}未填", f"{name.en} not given")
            if field == "sex":
                sex = SEXES[str(value)]
                return Said(f"性别{'' if holds else '不'}是{sex.zh}", f"sex is {'' if holds else 'not '}{sex.en}")
            if op == "==" and not holds:
                return Said(f"{name.zh}不等于 {value}{unit.zh}", f"{name.en} is not {value}{unit.en}")
            sign = _OPERATORS[op if holds else _OPPOSITE[op]]
            return Said(f"{name.zh}{sign.zh} {value}{unit.zh}", f"{name.en} {sign.en} {value}{unit.en}")
        case Sites(least=least):
            return Said(
                f"诊断涉及的部位{'至少' if holds else '不到'} {least} 个",
                f"the diagnoses cover {'at least' if holds else 'fewer than'} {least} body sites",
            )
        case Severity():
            return _LEVELS[describe(atom)][not holds]
        case Flag(name=flag):
            return _FLAGS[flag][not holds]


def _operation(kind: str, holds: bool) -> Said:
    who = _WHO[kind][not holds]
    if kind == "proc":
        return Said(f"{who.zh}属于手术", f"{who.en} an operation")
    return Said(f"{who.zh}{'' if holds else '不'}属于手术", f"{who.en} {'' if holds else 'not '}an operation")


def _listed(atom: InList, holds: bool, part: str) -> Said:
    family = atom.name.rstrip("0123456789")
    number = atom.name[len(family) :]
    owner = _OF_MDC if part == "mdc" else _OF_GROUP
    those = _DIAGNOSES if part == "mdc" and not number else _LISTS[family]
    where = Said(f"{owner.zh}{those.zh}", f"{owner.en} {those.en}").join(" ", (number,))
    if atom.least > 1:
        many, count = _MANY[atom.kind], atom.least
        return Said(
            f"{'至少' if holds else '不到'} {count} 个不同的{many.zh}在{where.zh}",
            f"{'at least' if holds else 'fewer than'} {count} different {many.en} are in {where.en}",
        )
    who = _WHO[atom.kind][not holds]
    alone = not holds and atom.kind in ("pdx", "pproc")
    return Said(f"{who.zh}{'不' if alone else ''}在{where.zh}", f"{who.en} {'not ' if alone else ''}in {where.en}")


def fact(atom: Atom, seen: tuple[str | int, ...]) -> Said:
    """A fact that is not a code: the value a comparison, a level or a flag looked at."""
    match atom:
        case Compare(field="sex"):
            return SEXES.get(str(seen[0]), Said(str(seen[0]), str(seen[0]))) if seen else NOT_GIVEN
        case Compare(field=field):
            unit = _FIELDS[field][1]
            return Said(f"{seen[0]}{unit.zh}", f"{seen[0]}{unit.en}") if seen else NOT_GIVEN
        case Severity():
            return SEVERITY[str(seen[0])]
        case _:
            return YES_NO[bool(seen)]


def fact_name(field: str) -> Said:
    """The name of a fact that a rule compares."""
    return _FIELDS[field][0]


def standing(word: str, table: str) -> Said:
    """What another diagnosis counts as; ``table`` is the exclusion table that keeps it from counting."""
    if word == "excluded":
        return Said(
            f"被主要诊断排除，排除表 {table}", f"excluded by the principal diagnosis, exclusion table {table}"
        )
    return VALUES[word]


def record(name: str, value: Any) -> tuple[Said, Said]:
    """A fact of the stay, its name and its value, in words; ``name`` is the one a stay has."""
    if name in ("icu", "bilateral"):
        return Said("重症监护", "intensive care") if name == "icu" else Said("双侧", "bilateral"), YES_NO[bool(value)]
    title, unit = _FIELDS["weight" if name == "birth_weight" else name]
    if name == "sex":
        return title, SEXES[value]
    return title, Said(f"{value}{unit.zh}", f"{value}{unit.en}")


NOT_GIVEN = Said("未填", "not given")
YES_NO = {True: Said("是", "yes"), False: Said("否", "no")}
