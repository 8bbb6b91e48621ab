from __future__ import annotations

from django.urls import path

from drgpay_web.papers import text_views, views

urlpatterns = [
    path("take/<int:result>/table/<str:table>", views.take_table, name="take-table"),
    path("take/<int:result>/sums", views.take_summary, name="take-summary"),
    path("take/<int:result>/statement/<str:house>", views.take_statement, name="take-statement"),
    path("downloads", views.downloads, name="downloads"),
    path("downloads/<int:pk>", views.download, name="download"),
    path("cases/of/<str:machine>/take", views.take_cases, name="cases-take"),
    path("which-file", views.which, name="which-file"),
    path("cases/<int:pk>/papers/<str:name>/<str:ending>", views.case_paper, name="case-paper"),
    path("paper-texts", text_views.all_texts, name="paper-texts"),
    path("paper-texts/<str:kind>", text_views.text, name="paper-text"),
]
