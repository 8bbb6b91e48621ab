"""Addresses of submissions."""

from django.urls import path

from drgpay_web.submissions import views

urlpatterns = [
    path("submissions", views.calendar, name="submissions"),
    path("submissions/upload", views.upload, name="submission-upload"),
    path("submissions/form", views.form, name="submission-form"),
    path("submissions/samples/<str:which>", views.sample, name="submission-sample"),
    path("submissions/accept", views.accept, name="submission-accept"),
    path("submissions/quality", views.quality, name="submission-quality"),
    path("submissions/quality/excel", views.quality_excel, name="submission-quality-excel"),
    path("submissions/<int:pk>/findings", views.findings, name="submission-findings"),
    path("submissions/<int:pk>/findings/excel", views.excel, name="submission-excel"),
    path("submissions/<int:pk>/fields", views.fields, name="submission-fields"),
]
