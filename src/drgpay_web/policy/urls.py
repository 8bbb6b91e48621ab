"""Addresses of policies."""

from django.urls import path

from drgpay_web.policy import draft_views, trying, views

urlpatterns = [
    path("policy", views.practices, name="policies"),
    path("policy/compare", views.compare, name="policy-compare"),
    path("policy/drafts/new", draft_views.begin, name="policy-begin"),
    path("policy/drafts/<int:pk>/value", draft_views.value, name="policy-value"),
    path("policy/drafts/<int:pk>/scheme", draft_views.scheme, name="policy-scheme"),
    path("policy/schemes", draft_views.schemes, name="policy-schemes"),
    path("policy/what-if", trying.form, name="policy-whatif"),
    path("policy/what-if/<int:pk>", trying.result, name="policy-tried"),
    path("policy/what-if/<int:pk>/excel", trying.excel, name="policy-tried-excel"),
    path("policy/practice/<str:practice>", views.practice, name="policy"),
    path("policy/practice/<str:practice>/notices", views.notices, name="policy-notices"),
]
