"""Addresses of special reviews."""

from django.urls import path

from drgpay_web.review import views

urlpatterns = [
    path("review/candidates", views.candidates, name="review-candidates"),
    path("review/experts", views.load, name="review-experts"),
]
