from __future__ import annotations

from django.urls import path

from drgpay_web.pages import audit, sign_in, trying, views

urlpatterns = [
    path("", views.work),
    path("sign-in", sign_in.sign_in, name="account_login"),
    path("sign-in/code", sign_in.code, name="mfa_authenticate"),
    path("sign-out", sign_in.sign_out, name="account_logout"),
    path("password", sign_in.password, name="account_change_password"),
    path("second-factor", sign_in.second_factor, name="mfa_activate_totp"),
    path("identity", views.identity),
    path("language", views.language),
    path("glossary", views.glossary),
    path("why", views.why),
    path("audit", audit.audit),
    path("audit/check", audit.check),
    path("try", trying.trying),
    path("health", views.health),
]
