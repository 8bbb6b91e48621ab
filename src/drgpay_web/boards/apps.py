from __future__ import annotations

from django.apps import AppConfig


class BoardsConfig(AppConfig):
    name = "drgpay_web.boards"
    label = "boards"
