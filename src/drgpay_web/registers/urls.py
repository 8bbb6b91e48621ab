"""Addresses of registers."""

from django.urls import path

from drgpay_web.registers import views

urlpatterns = [
    path("registers", views.registers, name="registers"),
    path("registers/<str:name>", views.register, name="register"),
    path("registers/<str:name>/take", views.take, name="register-take"),
    path("registers/<str:name>/row", views.row, name="register-row"),
    path("registers/<str:name>/out", views.out, name="register-out"),
    path("registers/<str:name>/history", views.history, name="register-history"),
    path("registers/<str:name>/template", views.template, name="register-template"),
    path("registers/<str:name>/import", views.take_file, name="register-import"),
    path("registers/<str:name>/imports/<int:pk>", views.imported, name="register-imported"),
]
