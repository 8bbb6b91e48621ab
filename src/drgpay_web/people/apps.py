from __future__ import annotations

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "drgpay_web.people"
    label = "people"
