"""What follows moves of a suspicion, and by when the next is due."""

from __future__ import annotations

from datetime import date

from drgpay_web import clock, flow
from drgpay_web.flow.machine import Values
from drgpay_web.oversight import guards, treating
from drgpay_web.people import Actor, Person


def assign(case: flow.Case, actor: Actor, values: Values) -> None:
    """The case is an inspector's, by name."""
    _give(case, actor, Person.objects.get(pk=values["inspector"][0]))


def take(case: flow.Case, actor: Actor, values: Values) -> None:
    """The case is the actor's."""
    _give(case, actor, actor.person)


def _give(case: flow.Case, actor: Actor, person: Person) -> None:
    flow.give(actor, case, person=person, slot=guards.INSPECTOR)
    case.handler = person


def ask(case: flow.Case, actor: Actor, values: Values) -> None:
    """From now on the hospital knows of it; what it was asked stays with the case."""
    case.data["shown"] = True
    case.data.setdefault("asked_at", clock.now().isoformat())
    case.data["question"] = values["question"]


def accept(case: flow.Case, actor: Actor, values: Values) -> None:
    """The hospital admits it: there is no appeal."""
    case.data["admitted"] = True


def confirm(case: flow.Case, actor: Actor, values: Values) -> None:
    """Who found what, and why."""
    case.data["finding"] = values["finding"] or (case.data["leads"][0]["id"] if case.data["leads"] else "")
    case.data["confirmed_by"] = actor.person.username
    case.data["found"] = values["reason"]


def confirmed_to(case: flow.Case, values: Values) -> str:
    """What was admitted is final."""
    return "final" if case.data.get("admitted") else "confirmed"


def change(case: flow.Case, actor: Actor, values: Values) -> None:
    """The appeal lowers what may be taken."""
    case.data["at_most"] = values["amount"]
    case.data["confirmed_by"] = actor.person.username


def dismiss(case: flow.Case, actor: Actor, values: Values) -> None:
    """Nothing was found."""
    treating.dismiss(case, actor, values["reason"])


def propose(case: flow.Case, actor: Actor, values: Values) -> None:
    """Keep the treatment until it is carried out, with what will follow from it."""
    case.data["decision"] = treating.decision(values, actor)
    follows = treating.follow_up(case, case.data["decision"])
    case.data["entries"], case.data["total"] = follows.entries, follows.total


def interview(case: flow.Case, actor: Actor, values: Values) -> None:
    """The minutes of a talk."""
    case.data["interview"] = {
        "day": values["day"].isoformat(), "place": values["place"], "attending": values["attending"],
        "minutes": values["minutes"], "by": actor.person.name,
    }  # fmt: skip


def execute(case: flow.Case, actor: Actor, values: Values) -> None:
    """The registers get what the next run obeys."""
    treating.carry_out(case, actor)
    case.data["executed_on"] = clock.today().isoformat()


def lift(case: flow.Case, actor: Actor, values: Values) -> None:
    """The registers get the day on which it ends."""
    treating.lift(case, actor, values["lifted_on"], values["reason"])


def answer_due(case: flow.Case) -> date:
    """By when a hospital answers."""
    return flow.add_days(clock.today(), guards.terms_of(case).answer_days)


def appeal_due(case: flow.Case) -> date | None:
    """By when it appeals; nothing is due where the finding is final."""
    return flow.add_days(clock.today(), guards.terms_of(case).appeal_days) if case.state == "confirmed" else None


def decide_due(case: flow.Case) -> date:
    """By when an appeal is decided."""
    return flow.add_days(clock.today(), guards.terms_of(case).appeal_answer_days)
