"""What a scheme can never reach: codes that an ADRG lists and no stay can bring there, because its MDC lacks them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from drgpay.scheme.model import Adrg, Mdc, Scheme
from drgpay.scheme.rules import Atom, Const, Expr, InList, atoms, fold

_LOOKED_AT = {"pdx": ("pdx",), "adx": ("pdx", "adx")}
"""kind of an ADRG's list -> the lists of a condition that take its codes as principal diagnosis"""


class Unreached(NamedTuple):
    """Codes of one list of an ADRG that, as principal diagnosis, do not open its MDC.

    ``never``: the rule looks at the principal diagnosis alone, so the codes are idle there; else (``adx``) they
    still count as other diagnoses.
    """

    mdc: str
    adrg: str
    list: str
    codes: tuple[str, ...]
    never: bool

    @property
    def zh(self) -> str:
        """In one line of Chinese."""
        what = "永远入不了该组" if self.never else "作主要诊断时入不了该组，作其他诊断时有效"
        return f"{self.adrg}：{len(self.codes)} 个编码不在大类 {self.mdc} 的主要诊断表，{what}"

    @property
    def en(self) -> str:
        """In one line of English."""
        what = "never reach the group" if self.never else "reach the group as other diagnoses only"
        return f"{self.adrg}: {len(self.codes)} codes are not in the table of MDC {self.mdc} and {what}"


def unreached(scheme: Scheme) -> list[Unreached]:
    """Every list of an ADRG with codes its MDC lacks, in the order of evaluation; switches count as they are set."""
    return [
        found for mdc in scheme.mdcs for adrg in scheme.adrgs_of[mdc.code] for found in _of_adrg(scheme, mdc, adrg)
    ]


def _of_adrg(scheme: Scheme, mdc: Mdc, adrg: Adrg) -> Iterator[Unreached]:
    kinds = {a.name: a.kind for a in atoms(adrg.rule) if isinstance(a, InList) and a.kind in _LOOKED_AT}
    for name, kind in kinds.items():
        lacking = sorted(code for code in adrg.lists[name] if not _opens(mdc, code))
        if lacking:
            yield Unreached(mdc.code, adrg.code, name, tuple(lacking), kind == "pdx")


def _opens(mdc: Mdc, code: str) -> bool:
    """Whether the condition can hold with this principal diagnosis, whatever else the stay has."""

    def leaf(atom: Const | Atom) -> tuple[bool, bool]:
        """(can hold, must hold)"""
        if isinstance(atom, Const):
            return atom.value, atom.value
        if isinstance(atom, InList) and atom.kind == "pdx":
            found = code in mdc.by_name[atom.name]
            return found, found
        if isinstance(atom, InList) and atom.kind == "adx" and code in mdc.by_name[atom.name]:
            return True, True
        return True, False

    return _can(mdc.condition, leaf)


def _can(expr: Expr, leaf: object) -> bool:
    can, _ = fold(
        expr,
        leaf,  # type: ignore[arg-type]
        lambda x: (not x[1], not x[0]),
        lambda x, y: (x[0] and y[0], x[1] and y[1]),
        lambda x, y: (x[0] or y[0], x[1] or y[1]),
    )
    return bool(can)
