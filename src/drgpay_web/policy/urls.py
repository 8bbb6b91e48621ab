"""Addresses of policies."""

from django.urls import path

from drgpay_web.policy import trying, views

urlpatterns = [
    path("policy", views.practices, name="policies"),
    path("policy/compare", views.compare, name="policy-compare"),
    path("policy/what-if", trying.form, name="policy-whatif"),
    path("policy/what-if/<int:pk>", trying.result, name="policy-tried"),
    path("policy/what-if/<int:pk>/excel", trying.excel, name="policy-tried-excel"),
    path("policy/practice/<str:practice>", views.practice, name="policy"),
    path("policy/practice/<str:practice>/notices", views.notices, name="policy-notices"),
]
