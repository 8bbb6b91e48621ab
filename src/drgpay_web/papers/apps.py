from __future__ import annotations

from django.apps import AppConfig


class PapersConfig(AppConfig):
    name = "drgpay_web.papers"
    label = "papers"

    def ready(self) -> None:
        from drgpay_web.papers import work  # noqa: F401 - the kind of job is known by importing it
