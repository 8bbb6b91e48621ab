"""Guessed passwords: the account is locked for a while, its right password too; the system administrator lets it in
again, and the auditor reads all of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from support.browsing import Person
from support.journeys import second_device, sign_in
from support.served import Served

Another = Callable[[], Person]


def test_guessing_locks_the_administrator_unlocks_and_the_audit_shows_it(
    person: Another, served: Served, pictures: Path | None
) -> None:
    told = served.accounts
    guesser = person()
    for _ in range(5):
        sign_in(guesser, "h6a", "wrong-Password-1")
    sign_in(guesser, "h6a", told["h6a"]["password"])
    assert "锁定" in guesser.text
    guesser.picture("locked-out", pictures)
    sign_in(guesser, "h6b", told["h6b"]["password"])
    assert told["h6b"]["name"] in guesser.page.inner_text("header"), "nobody else at the address is locked"

    administrator = person()
    sign_in(administrator, "s1", told["s1"]["password"])
    second_device(administrator, told["s1"]["totp"])
    administrator.go("/accounts/h6a")
    assert "登录已锁定" in administrator.text
    administrator.page.locator("main [name=reason]").fill("本人来电核实身份")
    administrator.picture("unlock", pictures)
    administrator.click("解除登录锁定", role="button")
    assert "登录已锁定" not in administrator.text
    head = person()
    sign_in(head, "h6a", told["h6a"]["password"])
    assert told["h6a"]["name"] in head.page.inner_text("header")

    auditor = person().try_as("s3", "/audit?subject=account:h6a")
    said = auditor.text
    for part in ("登录失败", "本人来电核实身份", "停用或恢复账号"):
        assert part in said, part
    auditor.picture("audit-of-an-account", pictures)
    auditor.click("校验审计链", role="button")
    assert "完整" in auditor.text
