"""Addresses of leads, the audit sample and treatments."""

from django.urls import path

from drgpay_web.oversight import views

urlpatterns = [
    path("oversight/leads", views.leads, name="oversight-leads"),
    path("oversight/sample", views.sample, name="oversight-sample"),
    path("oversight/leads/take", views.take_leads, name="oversight-leads-take"),
    path("oversight/sample/take", views.take_sample, name="oversight-sample-take"),
    path("oversight/look", views.look, name="oversight-look"),
    path("oversight/open", views.open_cases, name="oversight-open"),
    path("oversight/treatments", views.treatments, name="oversight-treatments"),
    path("oversight/announce", views.announce, name="oversight-announce"),
]
