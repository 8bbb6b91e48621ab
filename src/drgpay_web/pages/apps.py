from __future__ import annotations

from django.apps import AppConfig


class PagesConfig(AppConfig):
    name = "drgpay_web.pages"
    label = "pages"

    def ready(self) -> None:
        from drgpay_web.pages.signs import listen

        listen()
