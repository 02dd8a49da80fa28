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
# What is no page runs nothing and shows nothing, should a browser be made to open it as one.
NO_PAGE = "default-src 'none'; frame-ancestors 'none'"
# What our pages have no use for stays shut for whatever might get into them. Passkeys and the clipboard are not here.
PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer", "autoplay", "bluetooth", "browsing-topics", "camera", "display-capture", "geolocation",
        "gyroscope", "hid", "magnetometer", "microphone", "midi", "payment", "serial", "usb", "xr-spatial-tracking",
    )
)  # fmt: skip
YEAR = 365 * 24 * 3600
HOUR = 3600
# Not for subdomains: the box knows its own name only. At an owner's bare domain it would force https for a year on names
# that are not ours; a proxy that knows better may say more (docs/asvs.md, 3.4.1).
TRANSPORT = f"max-age={YEAR}"
_PAGES_WITH_TOKENS = ("/waitlist/", "/booking/", "/unsubscribe/", "/welcome/")


def install(app: Flask, *, https: bool) -> None:
    """Put the headers on everything that this app answers."""

    @app.after_request
    def add(response: Response) -> Response:
        headers = response.headers
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if https:
            headers["Strict-Transport-Security"] = TRANSPORT
        if request.endpoint in FILES:
            kept = f"max-age={YEAR}, immutable" if "v" in request.args else f"max-age={HOUR}"
            headers["Cache-Control"] = f"public, {kept}"
            headers["Content-Security-Policy"] = NO_PAGE
            return response
        headers.setdefault("Cache-Control", "no-store")
        headers["X-Robots-Tag"] = "noindex, nofollow"
        if response.mimetype != "text/html":
            headers.setdefault("Content-Security-Policy", NO_PAGE)
            return response
        headers.setdefault("Content-Security-Policy", POLICY)  # a page that shows a mail sets its own
        headers["Permissions-Policy"] = PERMISSIONS
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        # The address of a page with a token is its key; staff pages keep theirs for the form check.
        private = request.path.startswith(_PAGES_WITH_TOKENS)
        headers["Referrer-Policy"] = "no-referrer" if private else "same-origin"
        return response


# Files that are the same for everybody; everything else has a line in the URL table.
FILES = frozenset({"static", "bootstrap.static", "public.brand", "public.logo"})
