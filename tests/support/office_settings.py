"""The office's settings with the room of tests."""

from drgpay_web.project.settings import *  # noqa: F403
from drgpay_web.project.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "support.office_work"]
