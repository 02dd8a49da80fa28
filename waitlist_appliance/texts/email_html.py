"""An email as HTML, out of its plain text: the same words, with the time large and the one thing to do as a button.

Inline styles only, since mail programs drop the rest. Text and paper keep the reader's own colours, which is what makes
it dark where the reader likes it dark; only the button and the mark have a colour of their own. Nothing is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Final

from waitlist_appliance.domain import colours
from waitlist_appliance.texts.catalogues import N_, translator

OPEN: Final = N_("Open the page")
_ANSWER: Final = N_("Answer yes or no")
_JOIN: Final = N_("Join the waitlist")
_PLACE: Final = N_("See your place")
_BOOKING: Final = N_("See your booking")
BUTTONS: Final[Mapping[str, str]] = {
    "join_link": _JOIN, "join_nudge": _JOIN, "joined": _PLACE, "expired": _PLACE, "offer": _ANSWER,
    "offer_race": _ANSWER, "help": _ANSWER, "confirmed": _BOOKING, "moved": _BOOKING, "reminder": _BOOKING,
    "cancelled": _BOOKING, "already_booked": _BOOKING, "staff_invitation": N_("Choose a password"),
    "staff_password": N_("Choose a new password"), "staff_account": N_("See your account"),
}  # fmt: skip
_SPELT_OUT: Final = N_("If the button does not open, use this address:")

LONGEST_LEAD = 170
_FONT = "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
_LINE = "border-top:1px solid rgba(128,128,128,.35)"
_SOFT = "opacity:.72"
_PHONE = re.compile(r"\+?\d[\d ()./-]{4,}\d")
_WEB_ADDRESS = re.compile(r"https?://[^\s<>\"']+")


@dataclass(frozen=True, slots=True)
class _Look:
    """What the parts of one mail share."""

    locale: str
    label: str
    colour: str
    link: str
    code: str
    times: tuple[str, ...]


def as_html(
    kind: str,
    locale: str,
    subject: str,
    body: str,
    business_name: str,
    colour: str | None,
    link: str | None,
    *,
    code: str | None = None,
    times: Sequence[str] = (),
) -> str:
    """The mail as HTML. ``link`` becomes the button where the text has it; ``code`` and ``times`` stand out where the
    text has them ("Friday 15 January", "19:30"). Nothing is added but the button's words and the address spelt out."""
    label = translator(locale).gettext(BUTTONS.get(kind, OPEN))
    usable = link if link and _WEB_ADDRESS.fullmatch(link) and link in body else ""
    longest_first = tuple(sorted({time for time in times if time}, key=len, reverse=True))
    look = _Look(locale, label, colours.known(colour), usable, code or "", longest_first)
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", body.replace("\r\n", "\n")) if part.strip()]
    rows = [_head(look, business_name), *_paragraphs(look, paragraphs, business_name), _foot(look)]
    return _frame(look, subject, _preview(paragraphs), "".join(rows))


def _frame(look: _Look, subject: str, preview: str, rows: str) -> str:
    return (
        f'<!doctype html>\n<html lang="{escape(look.locale)}" style="color-scheme:light dark">\n<head>\n'
        '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="supported-color-schemes" content="light dark">\n'
        '<meta name="format-detection" content="date=no, address=no">\n'
        f'<title>{escape(subject)}</title>\n</head>\n<body style="margin:0;padding:0">\n'
        f'<div style="display:none;max-height:0;overflow:hidden" aria-hidden="true">{escape(preview)}</div>\n'
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr>'
        '<td align="center" style="padding:28px 20px 36px">\n'
        f'<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" dir="ltr"'
        f' style="max-width:520px;{_FONT};font-size:16px;line-height:1.55;text-align:start">\n{rows}'
        "</table>\n</td></tr></table>\n</body>\n</html>\n"
    )


def _row(content: str, style: str, attributes: str = ' dir="auto"') -> str:
    return f'<tr><td{attributes} style="{style};overflow-wrap:anywhere;word-break:break-word">{content}</td></tr>\n'


def _head(look: _Look, business_name: str) -> str:
    name = business_name.strip()
    mark = (
        f'<td width="36" height="36" align="center" bgcolor="{look.colour}" aria-hidden="true" style="width:36px;'
        f"height:36px;border-radius:10px;background:{look.colour};color:{colours.text_on(look.colour)};"
        f'font-weight:650;font-size:16px">{escape(name[:1].upper())}</td>'
    )
    words = f'<td dir="auto" style="padding:0 0 0 12px;font-weight:600">{escape(name)}</td>'
    table = f'<table role="presentation" cellpadding="0" cellspacing="0" border="0"><tr>{mark}{words}</tr></table>'
    return _row(table, "padding:0 0 28px", "")


def _paragraphs(look: _Look, paragraphs: Sequence[str], business_name: str) -> list[str]:
    """Every paragraph as a row; the button follows the first that has the link."""
    rows: list[str] = []
    waiting_for_button = bool(look.link)
    lead = _lead_at(paragraphs)
    for number, paragraph in enumerate(paragraphs):
        is_last = number == len(paragraphs) - 1
        if is_last and number and paragraph.startswith(business_name.strip()):
            rows.append(_row(_signature(paragraph), f"padding:20px 0 0;{_LINE};font-size:14px;{_SOFT}"))
            continue
        has_button = waiting_for_button and look.link in paragraph
        shown = _without_link_at_end(paragraph, look.link) if has_button else paragraph
        rows += _paragraph(look, shown, number == lead)
        if has_button:
            rows.append(_button(look))
            waiting_for_button = False
    return rows


def _lead_at(paragraphs: Sequence[str]) -> int | None:
    """Which paragraph says what it is about: the first after the greeting, if it is short enough to be large."""
    at = 1 if len(paragraphs) > 1 and paragraphs[0].endswith((",", ":")) else 0
    good = at < len(paragraphs) and len(paragraphs[at]) <= LONGEST_LEAD and "\n" not in paragraphs[at]
    return at if good else None


def _paragraph(look: _Look, paragraph: str, is_lead: bool) -> list[str]:
    """One row; a line that is a time, or ends with the code, gets a row of its own."""
    if not paragraph:
        return []
    if is_lead:
        return [_row(_inline(look, paragraph), "padding:0 0 18px;font-size:20px;line-height:1.4;font-weight:600")]
    lines = [(line, _hero(look, line) or _code_box(look, line)) for line in paragraph.split("\n")]
    rows: list[str] = []
    for is_plain, group in groupby(lines, key=lambda pair: pair[1] is None):
        if is_plain:
            rows.append(_row(_lines(look, "\n".join(line for line, _ in group)), "padding:0 0 16px"))
        else:
            rows += [special for _, special in group if special]
    return rows


def _hero(look: _Look, line: str) -> str | None:
    if line.strip() not in look.times:
        return None
    return _row(escape(line.strip()), "padding:0 0 16px;font-size:24px;line-height:1.25;font-weight:650")


def _code_box(look: _Look, line: str) -> str | None:
    """ "Confirmation code: K7M4PX" as a box; None where the code is inside a sentence."""
    if not look.code:
        return None
    label, found, rest = line.rpartition(look.code)
    if not found or rest.strip(" .") or len(label) > 40:
        return None
    box = (
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr><td align="center"'
        ' style="border:1px solid rgba(128,128,128,.45);border-radius:10px;padding:14px 12px 16px">'
        f'<div style="font-size:14px;{_SOFT}">{escape(label.strip())}</div>'
        f'<div dir="ltr" style="font-size:28px;line-height:1.3;font-weight:650;letter-spacing:.14em;'
        f'padding-inline-start:.14em;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace">'
        f"{escape(look.code)}</div></td></tr></table>"
    )
    return _row(box, "padding:4px 0 20px", "")


def _button(look: _Look) -> str:
    ink = colours.text_on(look.colour)
    anchor = (
        f'<a href="{escape(look.link)}" style="display:block;padding:15px 24px;font-size:17px;line-height:1.3;'
        f'font-weight:600;color:{ink};text-decoration:none;border-radius:10px">{escape(look.label)}</a>'
    )
    table = (
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr>'
        f'<td align="center" bgcolor="{look.colour}" style="background:{look.colour};border-radius:10px;'
        f'border:1px solid rgba(128,128,128,.45)">{anchor}</td></tr></table>'
    )
    return _row(table, "padding:4px 0 24px", "")


def _foot(look: _Look) -> str:
    """The button's address to read and copy: some mail programs, and some people, do not press buttons."""
    if not look.link:
        return ""
    words = escape(translator(look.locale).gettext(_SPELT_OUT))
    address = f'<a href="{escape(look.link)}" style="color:inherit">{escape(look.link)}</a>'
    return _row(f'{words}<br><span dir="ltr">{address}</span>', f"padding:14px 0 0;font-size:13px;{_SOFT}")


def _without_link_at_end(paragraph: str, link: str) -> str:
    """The button stands for the address where the paragraph ends with it; elsewhere the sentence keeps it."""
    before, _, after = paragraph.rpartition(link)
    return before.rstrip() if not after.strip(" .") else paragraph


def _signature(text: str) -> str:
    """A phone number reads from left to right, whatever the name before it does."""
    return _PHONE.sub(r'<bdi dir="ltr">\g<0></bdi>', escape(text).replace("\n", "<br>"))


def _lines(look: _Look, text: str) -> str:
    return "<br>".join(_inline(look, line) for line in text.split("\n"))


def _inline(look: _Look, text: str) -> str:
    """The text, escaped, with our link clickable and times and code in bold. Other addresses stay text."""
    wanted = [part for part in (look.link, look.code, *look.times) if part]
    if not wanted:
        return escape(text)
    pieces = re.split("(" + "|".join(re.escape(part) for part in wanted) + ")", text)
    return "".join(_piece(look, piece) if number % 2 else escape(piece) for number, piece in enumerate(pieces))


def _piece(look: _Look, piece: str) -> str:
    if piece == look.link:
        shown = escape(piece.partition("://")[2].partition("/")[0])
        return f'<a href="{escape(piece)}" style="color:inherit">{shown}</a>'
    return f'<strong style="font-weight:650">{escape(piece)}</strong>'


def _preview(paragraphs: Sequence[str]) -> str:
    """What mail programs show beside the subject: what it is about, instead of the greeting."""
    about = paragraphs[1] if len(paragraphs) > 1 else "".join(paragraphs[:1])
    return " ".join(_WEB_ADDRESS.sub("", about).split())[:120]
