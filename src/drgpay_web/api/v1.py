"""``/api/v1``: what the systems of institutions and of the bureau may ask."""

from __future__ import annotations

from ninja.throttling import AuthRateThrottle

from drgpay_web.api import bureau, casework, figures, grouping, handing_in, lists, performance
from drgpay_web.api.answers import Numbered, handle

RATE = "600/m"
ABOUT = """分组、提交、结算、事项与结算运行的接口。 Grouping, submissions, figures, cases and runs.

令牌由系统管理员签发，随 `Authorization: Bearer` 送出。 Tokens are issued by the system administrator.
金额为整数分，点数与系数为万分之一。 Money is in whole fen, points and ratios in 1/10,000.
同一 `Idempotency-Key` 的重复请求只办理一次。 The same `Idempotency-Key` is done once.
每次应答带 `X-Request-ID`；读取的应答带 `ETag`。 Every answer has an `X-Request-ID`, every read an `ETag`.
"""

v1 = Numbered(
    title="drgpay", version="1", description=ABOUT, docs_url=None, openapi_url="openapi.json",
    throttle=[AuthRateThrottle(RATE)], urls_namespace="api-1",
)  # fmt: skip
v1.add_router("", grouping.router)
v1.add_router("", figures.router)
v1.add_router("", lists.router)
v1.add_router("/performance", performance.router)
v1.add_router("/submissions", handing_in.router)
v1.add_router("/cases", casework.router)
v1.add_router("/jobs", casework.work)
v1.add_router("/runs", bureau.router)
handle(v1)
