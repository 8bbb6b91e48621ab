"""Optional parameters that a computation of the fund cannot do without, and failures of its registers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drgpay.errors import DrgpayError, Kind
from drgpay.policy import Policy, needed
from drgpay.tables import Table
from drgpay.units import show_fen

Row = dict[str, Any]
"""a row of a table by column name"""


def ratio(policy: Policy, name: str) -> int:
    """An optional ratio that is needed here; POLICY when the practice does not set it."""
    return needed(policy.ratio_or_none(name), name)


def integer(policy: Policy, name: str) -> int:
    """An optional whole number that is needed here."""
    return needed(policy.integer_or_none(name), name)


def table(policy: Policy, name: str) -> Mapping[str, int]:
    """An optional table that is needed here."""
    return needed(policy.table_or_none(name), name)


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
