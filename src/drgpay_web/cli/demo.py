"""The demonstration: a synthetic region as the record, an account per role, two hospitals."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from drgpay import samples

STAYS, HOUSES = 9_000, 6
KEPT = "demo.json"
"""passwords and secrets of the demo's accounts, told again by every ``init --demo`` (0600)"""
NAMES = {
    "B1": "赵立新", "B2": "钱静", "B3": "孙国栋", "B4": "李海燕", "B5": "周明哲", "B6": "吴建华",
    "S1": "郑伟", "S2": "王秀英", "S3": "冯涛",
    "H1": "陈丽娟", "H2": "褚红梅", "H3": "卫东", "H4": "蒋晓峰", "H5": "沈洁", "H6": "韩志强",
}  # fmt: skip
SECOND = {"b4b": "何敏", "b5b": "林若兰", "b5c": "何志远", "b5d": "罗文静", "b5e": "谢安平"}
"""further persons of a role, where one judges what another found: an inspector, a third expert and two fresh ones"""
BUREAU = ("B1", "B2", "B3", "B4", "B5", "B6", "S1", "S2", "S3")
HOSPITAL = ("H1", "H2", "H3", "H4", "H5", "H6")


def build(home: Path) -> list[dict[str, Any]]:
    """Make what is missing of the demo in ``home``: its region, the record, units, accounts. All of its accounts."""
    from drgpay_web import store
    from drgpay_web.cli import demo_life

    sample = samples.make_office_sample(home / "sample", stays=STAYS, institutions=HOUSES)
    area = store.import_region(sample.region)
    accounts = open_accounts(home, area)
    demo_life.live(area, sample)
    return accounts


def account(person: Any, role: Any, unit: Any, password: str, totp: str | None) -> dict[str, Any]:
    """What is told of an account."""
    return {
        "username": person.username,
        "name": person.name,
        "role": str(role),
        "unit": unit.name,
        "password": password,
        "totp": totp,
    }


def open_accounts(home: Path, area: str) -> list[dict[str, Any]]:
    """The accounts as they are kept; those of roles that have none are opened."""
    from drgpay_web.people import Person

    path = home / KEPT
    kept: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    for username, role, unit in _wanted(area):
        if not Person.objects.filter(username=username).exists():
            kept.append(_open(username, role, unit))
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        json.dump(kept, out, ensure_ascii=False, indent=1)
    return kept


def _wanted(area: str) -> list[tuple[str, str, Any]]:
    """User name, role and unit of every account: the bureau's and the system's, and two hospitals'."""
    from drgpay_web.people import Unit

    top = Unit.objects.get(area=area, kind=Unit.AREA)
    wanted = [(role.lower(), role, top) for role in BUREAU]
    wanted += [(username, username[:2].upper(), top) for username in SECOND]
    houses = Unit.objects.filter(area=area, kind=Unit.INSTITUTION).order_by("code")[:2]
    for letter, house in zip("ab", houses, strict=False):
        department, doctor = _ward(house)
        units = {"H3": department, "H4": doctor}
        wanted += [(f"{role.lower()}{letter}", role, units.get(role, house)) for role in HOSPITAL]
    return wanted


def _ward(house: Any) -> tuple[Any, Any]:
    """A department of the house without parts of its own, and a doctor in it, as units."""
    from drgpay.tables import DOCTORS
    from drgpay_web import store
    from drgpay_web.people import Unit

    wards = house.children.filter(kind=Unit.DEPARTMENT)
    for row in store.rows(house.area, DOCTORS):
        department = wards.filter(code=row["department_id"]).first()
        parted = wards.filter(code__startswith=f"{row['department_id']}.").exists()
        if row["institution_id"] == house.code and department and not parted:
            doctor, _ = Unit.objects.get_or_create(
                area=house.area,
                kind=Unit.DOCTOR,
                code=row["doctor_id"],
                parent=department,
                defaults={"name": row["name"]},
            )
            return department, doctor
    raise LookupError(house.code)


def _open(username: str, role: str, unit: Any) -> dict[str, Any]:
    """Open an account that may work at once: no forced change, its second device known."""
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    from drgpay_web.accounts.actions import create_account
    from drgpay_web.people import Role, system_actor

    kind = Role(role)
    name = unit.name if role == "H4" else SECOND.get(username, NAMES[role])
    person, password = create_account(by=system_actor(unit.area), username=username, name=name, role=kind, unit=unit)
    person.must_change_password = False
    person.save(update_fields=["must_change_password"])
    secret = generate_totp_secret() if kind.second_factor else None
    if secret:
        TOTP.activate(person, secret)
    return account(person, role, unit, password, secret)
