"""What other rooms use of people (given by ``drgpay_web.people``, once Django is ready)."""

from __future__ import annotations

from drgpay_web.people.actor import Actor, NotThere, Refused, Request, actor_of, named, somebody, system_actor
from drgpay_web.people.doors import door, needs_nobody, refused
from drgpay_web.people.matrix import Act, Role, acts, role_words
from drgpay_web.people.models import Membership, Person, Unit

__all__ = [
    "Act",
    "Actor",
    "Membership",
    "NotThere",
    "Person",
    "Refused",
    "Request",
    "Role",
    "Unit",
    "actor_of",
    "acts",
    "door",
    "named",
    "needs_nobody",
    "refused",
    "role_words",
    "somebody",
    "system_actor",
]
