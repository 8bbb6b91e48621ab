"""Optional parameters that a computation of the fund cannot do without, and failures of its registers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy
from drgpay.tables import Table
from drgpay.units import show_fen

Row = dict[str, Any]
"""a row of a table by column name"""

Value = TypeVar("Value")


def ratio(policy: Policy, name: str) -> int:
    """An optional ratio that is needed here; POLICY when the practice does not set it."""
    return _set(policy.ratio_or_none(name), name)


def integer(policy: Policy, name: str) -> int:
    """An optional whole number that is needed here."""
    return _set(policy.integer_or_none(name), name)


def table(policy: Policy, name: str) -> Mapping[str, int]:
    """An optional table that is needed here."""
    return _set(policy.table_or_none(name), name)


def _set(value: Value | None, name: str) -> Value:
    if value is None:
        raise DrgpayError(
            Kind.POLICY,
            zh="这项计算需要的参数未设定",
            en="a parameter this computation needs is not set",
            field=name,
            fix_zh="在政策文件中给出该参数及来源",
            fix_en="give it, with its source, in the practice",
        )
    return value


def wrong(register: Table, key: str, zh: str, en: str, fix_zh: str, fix_en: str) -> DrgpayError:
    """A mistake in a register, at the row with this key."""
    return DrgpayError(
        Kind.DATA, zh=zh, en=en, fix_zh=fix_zh, fix_en=fix_en, file=register.name, field=key
    )  # fmt: skip


def exceeds(
    register: Table, key: str, what: tuple[str, str], amount: int, limit_name: tuple[str, str], limit: int
) -> DrgpayError:
    """An amount that is more than there is; both are named, in Chinese and English."""
    return wrong(
        register,
        key,
        f"{what[0]} {show_fen(amount)} 元超过{limit_name[0]} {show_fen(limit)} 元",
        f"{what[1]} {show_fen(amount)} yuan exceeds {limit_name[1]} {show_fen(limit)} yuan",
        "核对两个金额",
        "check the two amounts",
    )
