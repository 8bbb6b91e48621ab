"""Every address of the office: each room names its own in its ``urls``."""

from __future__ import annotations

from django.urls import include, path

from drgpay_web.project.rooms import with_part

urlpatterns = [path("", include(module)) for module in with_part("urls")]

handler400 = "drgpay_web.ui.failures.wrong"
handler403 = "drgpay_web.ui.failures.refused"
handler404 = "drgpay_web.ui.failures.not_there"
handler500 = "drgpay_web.ui.failures.broken"
