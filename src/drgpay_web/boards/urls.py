from __future__ import annotations

from django.urls import path

from drgpay_web.boards import area, drill, figure, institution, search, stay, stays, tables

urlpatterns = [
    path("boards/area", area.area, name="board-area"),
    path("boards/institution", institution.own, name="board-own"),
    path("boards/institution/<str:house>", institution.institution, name="board-institution"),
    path("boards/drill", drill.drill, name="board-drill"),
    path("boards/stays", stays.stays, name="board-stays"),
    path("boards/tables", tables.tables, name="board-tables"),
    path("boards/tables/<int:result>/<str:table>", tables.table, name="board-table"),
    path("boards/figure/<int:result>/<str:house>/<str:item>", figure.figure, name="board-figure"),
    path("stays/<int:result>/<str:stay_id>", stay.card, name="stay"),
    path("stays/<int:result>/<str:stay_id>/persons", stay.persons, name="stay-persons"),
    path("search", search.search, name="search"),
]
