"""Addresses of the evaluation."""

from django.urls import path

from drgpay_web.evaluation import views

urlpatterns = [path("evaluations/open", views.opened, name="evaluation-open")]
