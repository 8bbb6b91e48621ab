from __future__ import annotations

from django.urls import path

from drgpay_web.pages import audit, boards, help, how, search, sign_in, system, trying, views

urlpatterns = [
    path("", views.work),
    path("sign-in", sign_in.sign_in, name="account_login"),
    path("sign-in/code", sign_in.code, name="mfa_authenticate"),
    path("sign-out", sign_in.sign_out, name="account_logout"),
    path("password", sign_in.password, name="account_change_password"),
    path("second-factor", sign_in.second_factor, name="mfa_activate_totp"),
    path("identity", views.identity),
    path("language", views.language),
    path("glossary", views.glossary, name="glossary"),
    path("search", search.search, name="search"),
    path("help", help.help_page, name="help"),
    path("how", how.how, name="how"),
    path("why", views.why),
    path("boards/take/<str:grid>", boards.take, name="board-take"),
    path("audit", audit.audit),
    path("audit/check", audit.check),
    path("try", trying.trying),
    path("system", system.system),
    path("health", system.health),
]
