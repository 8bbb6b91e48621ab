"""Addresses of sending."""

from django.urls import path

from drgpay_web.sending import views

urlpatterns = [path("notices/sending", views.choice, name="notices-sending")]
