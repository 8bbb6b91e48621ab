from __future__ import annotations

from django.urls import path

from drgpay_web.boards import drill, figure, payment, performance, stay, stays, tables

urlpatterns = [
    path("boards/payment", payment.payment, name="board-payment"),
    path("boards/performance", performance.performance, name="board-performance"),
    path("boards/drill", drill.drill, name="board-drill"),
    path("boards/stays", stays.stays, name="board-stays"),
    path("boards/tables", tables.tables, name="board-tables"),
    path("boards/tables/<int:result>/<str:table>", tables.table, name="board-table"),
    path("boards/figure/<int:result>/<str:house>/<str:item>", figure.figure, name="board-figure"),
    path("stays/<int:result>/<str:stay_id>", stay.card, name="stay"),
    path("stays/<int:result>/<str:stay_id>/persons", stay.persons, name="stay-persons"),
]
