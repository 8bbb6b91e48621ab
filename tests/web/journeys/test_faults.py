"""What goes wrong in an office: killed programs, two who decide at once; and a way in English."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable

from support.browsing import Person
from support.served import Served, command, processes, serve, stop, until

Another = Callable[[], Person]
CJK = re.compile(r"[\u3400-\u9fff]")


def test_in_english_from_the_statement_to_the_clause(person: Another) -> None:
    one = person().try_as("h1a")
    one.page.get_by_role("button", name="English").click()
    one.page.wait_for_load_state()
    assert not CJK.search(one.page.inner_text("nav.side"))
    one.go("/statements")
    one.page.locator("main a", has_text="ST-").first.click()
    one.page.wait_for_load_state()
    assert one.text.startswith("Statement")
    assert one.page.get_attribute("html", "lang") == "en"
    one.page.locator("main a[href*='/lines/due']").first.click()
    one.page.locator("main td a[href*='/stays/']").first.click()
    one.page.wait_for_load_state()
    one.judge()
    assert "The way to the group" in one.text
    one.page.get_by_role("button", name="中文").click()
    one.page.wait_for_load_state()
    assert "入组过程" in one.text


def test_two_who_decide_at_once(person: Another) -> None:
    """The bureau accepts what its hospital takes back at the same moment: one of both, and the other is told."""
    b1, h1 = person().try_as("b1", "/submissions?period=2024-03"), person().try_as("h1b", "/submissions")
    address = b1.page.locator("tr", has_text="待接收").locator("a[href^='/cases/']").first.get_attribute("href")
    for one in (b1, h1):
        one.go(address)
    for one, move in ((b1, "accept"), (h1, "recall")):
        form = f"document.querySelector('input[name=move][value={move}]').form"
        one.page.evaluate(f"() => {{ window.before = true; {form}.requestSubmit(); }}")
    for one in (b1, h1):
        one.page.wait_for_function("() => !window.before && document.readyState === 'complete'")
    told = [one.page.locator("main .note.error").count() for one in (b1, h1)]
    assert sorted(told) == [0, 1]
    b1.go(address)
    assert b1.state == "已校验，待递交" if told[0] else b1.state in ("已接收，入库中", "已入库")


def order(one: Person) -> str:
    """A trial of a month, ordered; the address of its progress once it computes."""
    one.try_as("b1", "/runs")
    one.page.select_option("#period", "2024-02")
    one.page.select_option("#kind", "trial")
    one.page.select_option("#policy", "demo")
    one.click("核对", role="button")
    one.page.locator("form[action$='/order'] button").wait_for()
    if one.page.locator("#reason").count():
        one.page.fill("#reason", "试算")
    one.click("下达运行", role="button")
    return str(one.page.url)


def test_killed_in_the_middle_of_a_run(person: Another, served: Served) -> None:
    """First the worker, then the server too: the run has failed and says so, and the next one is made."""
    one = person()
    address = order(one)
    until(lambda: processes(served.home, "jobs.child"), "a run computes")
    for word in ("worker", "jobs.child"):
        for number in processes(served.home, word):
            os.kill(number, signal.SIGKILL)
    one.reload_until(address, lambda text: "中断" in text)
    order(one)
    until(lambda: processes(served.home, "jobs.child"), "the worker came again, and a run computes")
    address = str(one.page.url)
    for number in processes(served.home, "serve"):
        os.kill(number, signal.SIGKILL)
    served.process.wait()
    until(lambda: not processes(served.home, "jobs.child"), "the run ended with its server")
    again = serve(served.home, served.port)
    served.process = again.process
    one.reload_until(address, lambda text: "中断" in text)
    order(one)
    one.page.wait_for_url(re.compile(r"/runs/\d+$"))
    stop(served)
    whole = command(served.home, "check")
    assert whole.returncode == 0, whole.stderr
    served.process = serve(served.home, served.port).process
