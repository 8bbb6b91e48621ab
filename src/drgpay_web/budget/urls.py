"""Addresses of the budget and the fund."""

from django.urls import path

from drgpay_web.budget import views

urlpatterns = [
    path("budgets", views.budgets, name="budgets"),
    path("budgets/begin/<str:machine>", views.begin, name="budget-begin"),
    path("budgets/change", views.change, name="budget-change"),
    path("fund", views.fund, name="fund"),
    path("fund/watch", views.watch, name="fund-watch"),
]
