"""The texts of the messages: all of them, and one with its editor, its preview and its WhatsApp template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from flask import Response, flash, make_response, request

from waitlist_appliance.domain.errors import Invalid
from waitlist_appliance.services import edit_texts, preview_text
from waitlist_appliance.services.edit_texts import Which
from waitlist_appliance.storage import text_edits, whatsapp_templates
from waitlist_appliance.texts import whatsapp
from waitlist_appliance.texts.catalogues import LOCALES, N_
from waitlist_appliance.texts.messages import CHANNELS, MAX_TEXT, Template, default_text, placeholders
from waitlist_appliance.web.clock import current_time
from waitlist_appliance.web.context import box
from waitlist_appliance.web.staff import auth, page
from waitlist_appliance.web.staff.messages import KINDS
from waitlist_appliance.web.staff.settings import frame
from waitlist_appliance.web.staff.settings.text_words import CONDITIONS, GROUPS, PLACEHOLDERS

HOME: Final = "/staff/settings/texts"
# The mail stands in a frame of its own: its styles are inside it, and nothing else may run or load there.
MAIL_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox"
)
WITH_FRAME: Final = (
    "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; font-src 'self'; connect-src 'self';"
    " frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Chip:
    """A placeholder as the editor offers it; ``inserts`` asks first where it is not always known."""

    name: str
    inserts: str
    label: str


def overview() -> Any:
    """Every message, by when it is sent; which are the owner's own."""
    changed = text_edits.changed(box().db)
    marks = {kind: sorted({(channel, locale) for k, channel, locale in changed if k == kind}) for kind in KINDS}
    return frame.render("texts.html", "texts", groups=GROUPS, kinds=KINDS, marks=marks, changed=len(changed))


def edit(kind: str) -> Any:
    """One message, in one language on one channel."""
    text = _chosen(kind)
    return _page(text, edit_texts.present(box(), text)[0], {})


def save(kind: str) -> Any:
    """Store the text, go back to the one as delivered, or only show how it reads."""
    text, form = _chosen(kind), request.form
    if form.get("do") == "reset":
        return frame.act(
            lambda: edit_texts.reset(box(), text, current_time(), auth.actor()),
            N_("The text as delivered is said again."), address(text),
        )  # fmt: skip
    wanted = _typed(text)
    if form.get("do") == "preview":
        return _page(text, wanted, {})
    return frame.store(
        lambda: edit_texts.save(box(), text, wanted, current_time(), auth.actor()),
        N_("Saved. The next message says it like this."), address(text), lambda errors: _page(text, wanted, errors, 422),
    )  # fmt: skip


def preview(kind: str) -> Any:
    """The preview alone, for the script that asks while one types."""
    text = _chosen(kind)
    return page.render_door("settings/text_preview_part.html", **_preview(text, _typed(text)))


def mail(kind: str) -> Response:
    """The email as HTML, for the frame."""
    text = _chosen(kind, "email")
    present = edit_texts.present(box(), text)[0]
    wanted = edit_texts.tidy(
        text, request.args.get("subject", present.subject or ""), request.args.get("body", present.body)
    )
    try:
        shown = preview_text.mail_page(box(), text, wanted, current_time())
    except Invalid:
        shown = "<!doctype html><title></title>"  # why, stands beside the field
    answer = make_response(shown)
    answer.headers["Content-Security-Policy"] = MAIL_POLICY
    return answer


def set_template(kind: str) -> Any:
    """The approved WhatsApp template of this message and language."""
    text = _chosen(kind, "whatsapp")
    given = request.form.get("content_sid", "")

    def doing() -> None:
        if edit_texts.set_template(box(), text, given, current_time(), auth.actor()):
            flash(page.say().gettext(_TEMPLATE_SET if given.strip() else _TEMPLATE_GONE), "ok")

    try:
        doing()
    except Invalid as refused:
        return _page(text, edit_texts.present(box(), text)[0], page.field_errors(refused), 422)
    return page.go(f"{address(text)}#template")


_TEMPLATE_SET: Final = N_("Saved. Outside the 24 hours, WhatsApp gets this template.")
_TEMPLATE_GONE: Final = N_("Removed. Outside the 24 hours, the next channel is used instead of WhatsApp.")


def address(text: Which) -> str:
    """The page of one text."""
    return f"{HOME}/{text.kind}?{urlencode({'channel': text.channel, 'locale': text.locale})}"


def _chosen(kind: str, channel: str = "") -> Which:
    given = request.values
    locale = given.get("locale") or box().setup().business.locale
    return edit_texts.which(kind, channel or given.get("channel") or "sms", locale)


def _typed(text: Which) -> Template:
    return edit_texts.tidy(text, request.form.get("subject", ""), request.form.get("body", ""))


def _page(text: Which, shown: Template, errors: dict[str, str], status: int = 200) -> Any:
    own = edit_texts.present(box(), text)[1]
    answer = make_response(*frame.render(
        "text.html", "texts", status=status, errors=errors, shown=shown, own=own,
        when_sent=next(kinds[text.kind] for _, kinds in GROUPS.values() if text.kind in kinds),
        delivered=default_text(text.kind, text.channel, text.locale), kinds=KINDS, chips=_chips(text.kind),
        channels=CHANNELS, locales=LOCALES, changed=text_edits.changed(box().db), longest=MAX_TEXT,
        longest_subject=edit_texts.LONGEST_SUBJECT, approved=_approved(text),
        given={"content_sid": request.form.get("content_sid", "")} if "content_sid" in errors else {},
        **_preview(text, shown),
    ))  # fmt: skip
    if text.channel == "email":
        answer.headers["Content-Security-Policy"] = WITH_FRAME
    return answer


def _preview(text: Which, shown: Template) -> dict[str, Any]:
    found, problem = preview_text.problem(box(), text, shown, current_time())
    mail_url = ""
    if text.channel == "email" and found is not None:
        asked = {"locale": text.locale, "subject": shown.subject or "", "body": shown.body}
        mail_url = f"{HOME}/{text.kind}/mail?{urlencode(asked)}"
    return {
        "text": text, "preview": found, "mail_url": mail_url,
        "problem": page.sentence(problem.code, **problem.params) if problem else "",
    }  # fmt: skip


def _chips(kind: str) -> list[Chip]:
    asked = edit_texts.not_always_known(kind)
    return [
        Chip(name, _inserted(name, asked), label) for name, label in PLACEHOLDERS.items() if name in placeholders(kind)
    ]


def _inserted(name: str, asked: frozenset[str]) -> str:
    if name in CONDITIONS:
        return f"{{% if {name} %}}…{{% endif %}}"
    named = f"{{{{ {name} }}}}"
    return f"{{% if {name} %}}{named}{{% endif %}}" if name in asked else named


def _approved(text: Which) -> dict[str, Any] | None:
    """What the section on the WhatsApp template shows; None where the message needs none."""
    if text.channel != "whatsapp" or text.kind not in whatsapp.KINDS:
        return None
    own = edit_texts.present(box(), text)
    return {
        "content_sid": whatsapp_templates.find(box().db, text.kind, text.locale) or "",
        "text": whatsapp.template_text(
            text.kind, text.locale, preview_text.business_facts(box()), own[0] if own[1] else None
        ),
        "gaps": [PLACEHOLDERS[name] for name in whatsapp.gaps(text.kind)],
        "buttons": text.kind in whatsapp.WITH_BUTTONS,
    }
