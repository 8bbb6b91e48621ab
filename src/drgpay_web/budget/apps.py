"""The room of the budget in Django's list of rooms."""

from django.apps import AppConfig


class BudgetConfig(AppConfig):
    """It has no tables of its own: cases, jobs, registers and results are the house's."""

    name = "drgpay_web.budget"
