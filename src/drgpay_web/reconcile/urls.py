"""Addresses of reconciliations."""

from django.urls import path

from drgpay_web.reconcile import views

urlpatterns = [
    path("reconcile/upload", views.upload, name="reconcile-upload"),
    path("reconcile/<int:pk>/lines", views.lines, name="reconcile-lines"),
    path("reconcile/<int:pk>/excel", views.workbook, name="reconcile-excel"),
]
