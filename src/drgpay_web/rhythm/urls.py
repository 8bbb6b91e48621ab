"""Addresses of announcements, meetings and the year."""

from django.urls import path

from drgpay_web.rhythm import analysis_views, meeting_views, views

urlpatterns = [
    path("announcements", views.announcements, name="announcements"),
    path("announcements/new", views.draft, name="announcement-new"),
    path("announcements/<int:pk>", views.announcement, name="announcement"),
    path("announcements/<int:pk>/paper/<str:ending>", views.paper, name="announcement-paper"),
    path("analyses", analysis_views.analyses, name="analyses"),
    path("analyses/new", analysis_views.new, name="analysis-new"),
    path("analyses/<int:pk>", analysis_views.analysis, name="analysis"),
    path("analyses/<int:pk>/take", analysis_views.take, name="analysis-take"),
    path("rhythm", meeting_views.year, name="rhythm"),
    path("rhythm/talks", meeting_views.talks, name="rhythm-talks"),
    path("meetings/new", meeting_views.new, name="meeting-new"),
    path("meetings/<int:pk>", meeting_views.invitation, name="meeting"),
]
