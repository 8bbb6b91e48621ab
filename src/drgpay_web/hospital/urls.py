"""Addresses of a hospital's own work: departments and doctors, stays in house, coding, performance pay."""

from django.urls import path

from drgpay_web.hospital import coding_views, in_house_views, plan_views, views, wards

urlpatterns = [
    path("department", wards.ward, name="hospital-department"),
    path("doctor", wards.doctor, name="hospital-doctor"),
    path("in-house", in_house_views.stays, name="in-house"),
    path("in-house/upload", in_house_views.upload, name="in-house-upload"),
    path("in-house/form", in_house_views.form, name="in-house-form"),
    path("in-house/excel", in_house_views.workbook, name="in-house-excel"),
    path("coding", coding_views.search, name="coding"),
    path("coding/codes/<str:code>", coding_views.code, name="coding-code"),
    path("coding/in-house/<str:stay_id>", coding_views.staying, name="coding-in-house"),
    path("coding/stays/<int:result>/<str:stay_id>", coding_views.settled, name="coding-stay"),
    path("plans/registers", plan_views.registers, name="plan-registers"),
    path("plans/<int:pk>/trial/excel", plan_views.trial, name="plan-trial-excel"),
    path("plans/<int:pk>/value", plan_views.value, name="plan-value"),
    path("plans/open", views.new_plan, name="plan-open"),
    path("quarters/open", views.new_quarter, name="quarter-open"),
    path("quarters/<int:pk>/take/<str:kind>", views.take, name="quarter-take"),
    path("quarters/<int:pk>/slips/<str:staff>/<str:ending>", views.slip, name="slip"),
    path("slips", views.slips, name="slips"),
]
