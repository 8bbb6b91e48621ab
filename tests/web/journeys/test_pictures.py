"""The pages that the documents show: each is there with what it is about. ``DRGPAY_TEST_PICTURES`` names the folder
their pictures are written to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from support.browsing import SMALL, Person

pytestmark = pytest.mark.slow
PHONE = {"width": 390, "height": 844}
SHOWN = (
    ("work-list", "b1", "/", "待办"),
    ("payment-board", "b1", "/boards/payment", "支付看板"),
    ("performance-board", "h1a", "/boards/performance", "绩效看板"),
    ("leads", "b4", "/oversight/leads", "疑点线索"),
    ("case", "b4", "/cases/of/suspicion?state=open", "疑点"),
    ("department", "h3a", "/department", "病例组合指数"),
    ("doctor", "h4a", "/doctor", "与其他医师比较"),
    ("phone-work-list", "h1a", "/", "待办"),
)  # fmt: skip
"""name, whose, address, what is on it; of a list the first case is opened"""


@pytest.mark.parametrize(("name", "username", "address", "words"), SHOWN, ids=[one[0] for one in SHOWN])
def test_a_page_that_documents_show(
    person: Callable[[], Person], pictures: Path | None, tmp_path: Path, name: str, username: str, address: str,
    words: str,
) -> None:  # fmt: skip
    one = person().try_as(username)
    if name.startswith("phone"):
        one.page.set_viewport_size(PHONE)
    assert one.go(address) == 200
    if address.startswith("/cases/of/"):
        one.page.locator("main tbody a").first.click()
        one.page.wait_for_load_state()
    one.page.wait_for_load_state("networkidle")
    assert words in one.text
    folder = pictures or tmp_path
    one.picture(name, folder)
    assert 0 < (folder / f"{name}.png").stat().st_size <= SMALL
