from __future__ import annotations

from django.urls import path

from drgpay_web.api import popup, views
from drgpay_web.api.v1 import v1

urlpatterns = [
    path("tokens", views.tokens, name="tokens"),
    path("tokens/new", views.create, name="token-create"),
    path("tokens/<int:pk>/revoke", views.revoke, name="token-revoke"),
    path("hooks", views.all_hooks, name="hooks"),
    path("hooks/new", views.create_hook, name="hook-create"),
    path("hooks/<int:pk>/end", views.end_hook, name="hook-end"),
    path("api", views.document, name="api-document"),
    path("api/v1/", v1.urls),
    path("stay-page/<str:text>", popup.page, name="stay-page"),
]
