"""The room of cases in Django's list of rooms."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class FlowConfig(AppConfig):
    """Every room's ``rules`` are read once: its machines are known, and their moves have words in the trail."""

    name = "drgpay_web.flow"

    def ready(self) -> None:
        from drgpay_web.flow.machine import machines
        from drgpay_web.trail.telling import name_act, name_states

        autodiscover_modules("rules")
        for rules in machines():
            name_states(rules.name, rules.words)
            name_act(f"{rules.name}.open", rules.words, "flow.step_open")
            for move in rules.moves:
                name_act(f"{rules.name}.{move.name}", rules.words, f"{rules.words}.move.{move.name}")
