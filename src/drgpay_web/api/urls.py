from __future__ import annotations

from django.urls import path

from drgpay_web.api import views
from drgpay_web.api.v1 import v1

urlpatterns = [
    path("tokens", views.tokens, name="tokens"),
    path("tokens/new", views.create, name="token-create"),
    path("tokens/<int:pk>/revoke", views.revoke, name="token-revoke"),
    path("api/v1/", v1.urls),
]
