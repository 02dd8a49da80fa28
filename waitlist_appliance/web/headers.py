"""Security headers of every answer, and how long it may be kept."""

from __future__ import annotations

from flask import Flask, Response, request

POLICY = "; ".join(
    (
        "default-src 'none'",
        "img-src 'self' data:",
        "style-src 'self'",
        "script-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
YEAR = 365 * 24 * 3600
HOUR = 3600
_PAGES_WITH_TOKENS = ("/waitlist/", "/booking/", "/unsubscribe/")


def install(app: Flask, *, https: bool) -> None:
    """Put the headers on everything that this app answers."""

    @app.after_request
    def add(response: Response) -> Response:
        headers = response.headers
        headers["X-Content-Type-Options"] = "nosniff"
        if https:
            headers["Strict-Transport-Security"] = f"max-age={YEAR}"
        if request.endpoint in FILES:
            kept = f"max-age={YEAR}, immutable" if "v" in request.args else f"max-age={HOUR}"
            headers["Cache-Control"] = f"public, {kept}"
            return response
        headers.setdefault("Cache-Control", "no-store")
        headers["X-Robots-Tag"] = "noindex, nofollow"
        if response.mimetype == "text/html":
            headers.setdefault("Content-Security-Policy", POLICY)  # a page that shows a mail sets its own
            # The address of a customer's page is its key; staff pages keep theirs for the form check.
            private = request.path.startswith(_PAGES_WITH_TOKENS)
            headers["Referrer-Policy"] = "no-referrer" if private else "same-origin"
        return response


# Files that are the same for everybody; everything else has a line in the URL table.
FILES = frozenset({"static", "bootstrap.static", "public.brand", "public.logo"})
