"""Addresses of cases, notices and the calendar."""

from django.urls import path

from drgpay_web.flow import views

urlpatterns = [
    path("cases/<int:pk>", views.case, name="case"),
    path("cases/<int:pk>/move", views.move, name="case-move"),
    path("cases/<int:pk>/comment", views.comment, name="case-comment"),
    path("cases/<int:pk>/attach", views.attach, name="case-attach"),
    path("cases/<int:pk>/attachments/<int:number>", views.attachment, name="case-attachment"),
    path("notices", views.notices, name="notices"),
    path("notices/read", views.read, name="notices-read"),
    path("calendar", views.days, name="calendar"),
]
