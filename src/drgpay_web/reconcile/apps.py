"""The room of reconciliations in Django's list of rooms."""

from django.apps import AppConfig


class ReconcileConfig(AppConfig):
    """It has no tables of its own: cases, jobs and received files are the house's."""

    name = "drgpay_web.reconcile"
