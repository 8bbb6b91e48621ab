"""Headers that every answer carries: where scripts may come from, no framing, nothing kept by caches."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "connect-src": "'self'",
    "font-src": "'self'",
    "img-src": "'self' data:",
    "style-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}
PLOTLY_STYLES = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
    "'sha256-ji27qzEtxXZW+7dun6UwjHXJ18e6WAin1VvNtkzIE/o='",
)
"""of the two style elements plotly's script adds"""


class SafetyHeaders:
    """Sets the headers; a page of charts says so with ``charts(response)``."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        policy = POLICY
        if getattr(response, "has_charts", False):
            styles = " ".join(("'self'", *PLOTLY_STYLES))
            policy = POLICY | {"style-src-elem": styles, "style-src-attr": "'unsafe-inline'"}
        elif getattr(response, "is_swagger", False):
            policy = POLICY | {"style-src-attr": "'unsafe-inline'"}
        response.headers.setdefault("Content-Security-Policy", "; ".join(f"{k} {v}" for k, v in policy.items()))
        response["X-Content-Type-Options"] = "nosniff"
        response["X-Frame-Options"] = "DENY"
        response["Referrer-Policy"] = "same-origin"
        response["Cross-Origin-Opener-Policy"] = "same-origin"
        response["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def charts(response: HttpResponse) -> HttpResponse:
    """Mark a page that shows charts, so that plotly's styles are let in."""
    response.has_charts = True  # type: ignore[attr-defined]
    return response


def swagger(response: HttpResponse) -> HttpResponse:
    """Mark the page of the API's document, whose script sets styles of its own."""
    response.is_swagger = True  # type: ignore[attr-defined]
    return response
