"""What people do at every sign-in of a journey: password, second device, the password they must change."""

from __future__ import annotations

from support.browsing import Person


def code_of(secret: str) -> str:
    """What a second device shows now."""
    from allauth.mfa.totp.internal import auth

    counter = next(iter(auth.yield_hotp_counters_from_time()))
    return str(auth.format_hotp_value(auth.hotp_value(secret, counter)))


def sign_in(one: Person, username: str, password: str) -> None:
    """Name and password at the page for it."""
    one.go("/sign-in")
    one.page.fill("#login", username)
    one.page.fill("#password", password)
    _press(one)


def second_device(one: Person, secret: str) -> None:
    """The code, where the page asks for it."""
    one.page.fill("#code", code_of(secret))
    _press(one)


def change_password(one: Person, old: str, new: str) -> None:
    """The page that comes before everything else asks for a password of one's own."""
    assert one.page.url.endswith("/password")
    for name, value in (("old", old), ("new", new), ("again", new)):
        one.page.fill(f"[name={name}]", value)
    _press(one)


def _press(one: Person) -> None:
    one.page.locator("main button.btn-primary").click()
    one.page.wait_for_load_state()
    one.judge()
