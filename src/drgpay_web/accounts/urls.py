from __future__ import annotations

from django.urls import path

from drgpay_web.accounts import views

urlpatterns = [
    path("accounts", views.accounts),
    path("accounts/new", views.create),
    path("accounts/<str:username>", views.account),
    path("accounts/<str:username>/role", views.role),
    path("accounts/<str:username>/role/<int:number>/end", views.end_role),
    path("accounts/<str:username>/reset", views.reset),
    path("accounts/<str:username>/lock", views.lock),
]
