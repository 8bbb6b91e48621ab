"""Addresses of cases, notices and the calendar."""

from django.urls import path

from drgpay_web.flow import desk_views, list_views, views

urlpatterns = [
    path("cases/<int:pk>", views.case, name="case"),
    path("cases/<int:pk>/progress", views.progress, name="case-progress"),
    path("cases/<int:pk>/move", views.move, name="case-move"),
    path("cases/<int:pk>/recall", views.recall, name="case-recall"),
    path("cases/<int:pk>/comment", views.comment, name="case-comment"),
    path("cases/<int:pk>/attach", views.attach, name="case-attach"),
    path("cases/<int:pk>/attachments/<int:number>", views.attachment, name="case-attachment"),
    path("cases/<int:pk>/hand-over", desk_views.hand_over, name="case-hand-over"),
    path("cases/hand-over", desk_views.hand_over_many, name="cases-hand-over"),
    path("cases/of/<str:machine>", list_views.cases, name="cases-of"),
    path("cases/of/<str:machine>/many", list_views.many, name="cases-many"),
    path("deputies", desk_views.deputies, name="deputies"),
    path("deputies/<int:pk>/end", desk_views.deputy_end, name="deputy-end"),
    path("charge", desk_views.charge, name="charge"),
    path("contacts", views.bureau_contacts, name="contacts"),
    path("notices", views.notices, name="notices"),
    path("notices/read", views.read, name="notices-read"),
    path("calendar", views.days, name="calendar"),
]
