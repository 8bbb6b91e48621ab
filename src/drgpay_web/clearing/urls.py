"""Addresses of runs, periods, statements and disputes."""

from django.urls import path

from drgpay_web.clearing import grid_views, statement_views, views

urlpatterns = [
    path("runs", views.all_runs, name="runs"),
    path("runs/look", views.look, name="run-look"),
    path("runs/reopen", views.reopen, name="run-reopen"),
    path("runs/looks/<int:pk>", views.looked, name="run-looked"),
    path("runs/looks/<int:pk>/order", views.order, name="run-order"),
    path("runs/jobs/<int:pk>", views.running, name="run-running"),
    path("runs/<int:pk>", views.candidate, name="run"),
    path("runs/<int:pk>/verify", views.verify, name="run-verify"),
    path("runs/<int:pk>/publish", views.publish, name="run-publish"),
    path("periods", views.periods, name="periods"),
    path("periods/grid", grid_views.grid, name="clearing-grid"),
    path("periods/grid/take", grid_views.take, name="clearing-grid-take"),
    path("periods/<int:pk>/story", views.story, name="period-story"),
    path("audit/periods", views.stories, name="audit-periods"),
    path("audit/periods/<int:pk>", views.audited, name="audit-period"),
    path("statements", statement_views.statements, name="statements"),
    path("statements/<int:pk>/lines/<str:name>", statement_views.line, name="statement-line"),
    path("statements/<int:pk>/papers/<str:kind>/<str:ending>", statement_views.paper, name="statement-paper"),
    path("disputes", statement_views.disputes, name="disputes"),
]
