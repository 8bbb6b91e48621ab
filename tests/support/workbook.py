"""The official configuration workbook, made from a scheme or by hand, with the quirks the real one has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import xlsxwriter

from drgpay.scheme import Adrg, Mdc, Scheme
from drgpay.scheme.rules import And, Compare, Const, Expr, InList, Not, Operation, Or, Severity, Sites

HEADERS = {
    "MDC": ("MDC编码", "MDC名称", "MDC规则", "排序"),
    "ADRG": ("ADRG编码", "ADRG名称", "ADRG规则", "所属MDC编码", "MDC内排序"),
    "DRG": ("DRG", "DRG名称", "DRG规则", "所属ADRG编码", "所属MDC编码", "排序"),
    "集合": ("集合编号", "ICD编码", "ICD名称", "类型编号"),
    "CC": ("疾病编码", "疾病名称", "排除表", "类型"),
    "排除表": ("集合编号", "ICD编码", "ICD名称"),
}
Rows = list[Sequence[str | int]]
_FIELDS = {"pdx": "ZYZD", "odx": "QTZD", "adx": "{ZYZD, QTZD}", "pproc": "ZYSS", "proc": "{ZYSS, QTSS}"}
_SCALARS = {"age": "NL", "age_days": "XSRTL", "weight": "XSRTZ", "admission_weight": "XSRTZ"}
_SETS = {frozenset({2, 3}): "MCC", frozenset({1}): "CC", frozenset({1, 2, 3}): "{MCC, CC}"}


def write(path: Path, sheets: Mapping[str, Rows], *, indent: int = 0, skip: str = "") -> Path:
    """Write the sheets; the sheet MDC has a title row, ``indent`` columns before the others are empty, ``skip`` is
    left out."""
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        for name, header in HEADERS.items():
            if name == skip:
                continue
            sheet = book.add_worksheet(name)
            top = int(name == "MDC")
            if top:
                sheet.write_string(0, 0, "按病组（DRG）付费分组方案")
            for at, row in enumerate([header, *sheets[name]], start=top):
                sheet.write_row(at, indent, row)
    return path


def from_scheme(scheme: Scheme) -> dict[str, Rows]:
    """The sheets of a scheme, with catch-all rows, repeated members, and signs that do not belong in a cell."""
    made = _Writer(scheme)
    sheets: dict[str, Rows] = {"MDC": [], "ADRG": [], "DRG": []}
    for number, mdc in enumerate(scheme.mdcs, start=1):
        sheets["MDC"].append([f"MDC{mdc.code}", f"{mdc.name}_x000D_", made.text(mdc.condition, mdc), number])
        sheets["ADRG"].append([f"{mdc.code}00", "未入组", "", f"MDC{mdc.code}", 0])
        sheets["DRG"].append([f"{mdc.code}000", "未入组", "", f"{mdc.code}00", f"MDC{mdc.code}", 0])
        for order, adrg in enumerate(scheme.adrgs_of[mdc.code], start=1):
            rule = made.text(adrg.rule, adrg).replace(" and ", "\u3000and\n")
            sheets["ADRG"].append([adrg.code, adrg.name, rule, f"MDC{mdc.code}", order])
            for place, drg in enumerate(scheme.drgs_of[adrg.code], start=1):
                text = made.text(drg.split, adrg)
                # an empty rule takes the rest wherever it is printed
                sheets["DRG"].append([drg.code, drg.name, text, adrg.code, mdc.code, place if text else 0])
    sheets["MDC"].insert(1, ["0000", "未入组", "", 99])
    sheets["集合"] = [[name, f"{code}\u200b", "", "1"] for name, codes in made.sets.items() for code in sorted(codes)]
    sheets["集合"] += sheets["集合"][:50]
    sheets["CC"] = [
        [code, "", f"EX_{table}" if table else "", level]
        for level, found in (("MCC", scheme.mcc), ("CC", scheme.cc))
        for code, table in found.items()
    ]
    sheets["排除表"] = [[f"EX_{table}", code, ""] for code, table in scheme.exclusion.items()]
    return sheets


class _Writer:
    """Writes trees as official rules and gathers the sets they name."""

    def __init__(self, scheme: Scheme) -> None:
        self._barred = {
            "pdx": scheme.invalid_dx,
            "pproc": scheme.invalid_op | scheme.gray_op,
            "proc": scheme.invalid_op,
        }
        self.sets = {
            "OP_ALL": scheme.operation - self._barred["pproc"],
            "OP_ANY": scheme.operation - self._barred["proc"],
        }

    def text(self, expr: Expr, owner: Mdc | Adrg) -> str:
        """The rule; severities that take the rest are an empty text."""
        match expr:
            case And(terms=terms):
                return " and ".join(self._term(t, owner) for t in terms)
            case Or(terms=terms):
                return " or ".join(f"({self.text(term, owner)})" for term in terms)
            case Not(term=term):
                return f"not ({self.text(term, owner)})"
            case Operation(principal=principal):
                return "ZYSS in OP_ALL" if principal else "{ZYSS, QTSS} in OP_ANY"
            case Compare(field="sex", value=value):
                return f"XB = {1 if value == 'male' else 2}"
            case Compare(field=field, op=op, value=value):
                return f"{_SCALARS[field]} {op.replace('>=', '≥')} {value}"
            case Severity(levels=levels):
                return f"QTZD in {_SETS[levels]}" if levels in _SETS else ""
            case InList(kind=kind, name=name, least=least):
                lists = owner.by_name if isinstance(owner, Mdc) else owner.lists
                made = f"{owner.code}_{name.upper()}_{kind}"
                self.sets[made] = lists[name] - self._barred.get(kind, frozenset())
                return f"{_FIELDS[kind]} in {made}" if least == 1 else f"length({made} ∩ {_FIELDS[kind]}) >= {least}"
            case Sites(least=2):
                assert isinstance(owner, Mdc)
                return self._sites(owner)
            case Const():
                return ""
        raise AssertionError(expr)

    def _term(self, expr: Expr, owner: Mdc | Adrg) -> str:
        """A rule beside others: none of it may be left to the order."""
        if isinstance(expr, Or | Sites):
            return f"（{self.text(expr, owner)}）"
        if isinstance(expr, Severity) and expr.levels not in _SETS:
            return {frozenset({0}): "QTZD not in {MCC, CC}", frozenset({0, 1}): "QTZD not in MCC"}[expr.levels]
        return self.text(expr, owner)

    def _sites(self, mdc: Mdc) -> str:
        """Two codes of two sites, one of each."""
        names = sorted({site for those in mdc.dx.values() for site in those})
        numbers = [str(n) for n, _ in enumerate(names)]  # a name may hold signs that no set's name has
        self.sets |= {
            f"Z_{n}": frozenset(c for c, those in mdc.dx.items() if s in those)
            for n, s in zip(numbers, names, strict=True)
        }
        both = "{ZYZD, QTZD}"
        return " or ".join(
            f"length({{Z_{a}, Z_{b}}} ∩ {both}) >= 2 and {both} in Z_{a} and {both} in Z_{b}"
            for a, b in combinations(numbers, 2)
        )
