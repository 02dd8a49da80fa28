"""The owner's colour as the one accent, moved until it can be read in both themes."""

from __future__ import annotations

import colorsys
from hashlib import sha256

from flask import Response, abort

from waitlist_appliance.domain.colours import DEFAULT, contrast, known, luminance, text_on
from waitlist_appliance.storage import set_up
from waitlist_appliance.web.context import box, the_business

__all__ = ["DEFAULT", "address", "contrast", "css", "logo", "readable", "stylesheet"]

LIGHT_PAPER = "#ffffff"
DARK_PAPER = "#262220"
STEPS = 40
ENOUGH = 4.8  # a little over the 4.5 that is asked for
Rgb = tuple[int, int, int]


def stylesheet() -> Response:
    """/brand.css: the accent as custom properties."""
    return Response(css(the_business().brand_colour), mimetype="text/css")


def logo() -> Response:
    """/brand/logo: the owner's picture, as what we found it to be. 404 without one."""
    found = set_up.logo(box().db)
    if found is None:
        abort(404)
    return Response(found.content, mimetype=found.media_type)


def address(colour: str | None) -> str:
    """The address of the stylesheet for this colour; it changes when the colour does."""
    return f"/brand.css?v={sha256(css(colour).encode()).hexdigest()[:10]}"


def css(colour: str | None) -> str:
    """The accent for light and dark; a colour that is none gives the default."""
    wanted = known(colour)
    light, dark = readable(wanted, LIGHT_PAPER), readable(wanted, DARK_PAPER)
    return (
        f":root{{--accent:{light};--on-accent:{text_on(light)}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{--accent:{dark};--on-accent:{text_on(dark)}}}}}\n"
    )


def readable(colour: str, paper: str) -> str:
    """The colour, made darker or lighter in its own hue step by step until its contrast on the paper is enough."""
    hue, light, saturation = colorsys.rgb_to_hls(*(part / 255 for part in _rgb(colour)))
    end = 0.0 if luminance(paper) > 0.5 else 1.0
    for step in range(STEPS):
        found = _hex(colorsys.hls_to_rgb(hue, light + (end - light) * step / STEPS, saturation))
        if contrast(found, paper) >= ENOUGH:
            return found
    return "#000000" if end == 0.0 else "#ffffff"


def _rgb(colour: str) -> Rgb:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _hex(rgb: tuple[float, float, float]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*(round(part * 255) for part in rgb))
