from __future__ import annotations

from django.urls import path

from drgpay_web.papers import views

urlpatterns = [
    path("take/<int:result>/table/<str:table>", views.take_table, name="take-table"),
    path("take/<int:result>/sums", views.take_summary, name="take-summary"),
    path("take/<int:result>/statement/<str:house>", views.take_statement, name="take-statement"),
    path("downloads", views.downloads, name="downloads"),
    path("downloads/<int:pk>", views.download, name="download"),
]
