"""What arrives at the mail server: every header and every part."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from tests.adapters.smtp.access import ANA, NOW, account_of, letter, outcome
from tests.smtp_server import SmtpServer
from waitlist_appliance.adapters.messengers.smtp import SmtpMessenger
from waitlist_appliance.ports import Handed, Messenger
from waitlist_appliance.texts.ics import booking_ics

UNSUBSCRIBE = "https://waitlist.a-restaurant-with-a-rather-long-name.example/unsubscribe/wl_AbCdEfGhJkMnPqRsTuVwXy"
ICS = booking_ics("b1@waitlist", NOW, NOW, "Casa Lola", "Ñandú " * 30, "Calle Mayor 1", 2, False, NOW)


def arrived(server: SmtpServer) -> EmailMessage:
    assert len(server.received) == 1
    return server.received[0].mail


def parts(mail: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in mail.walk()]


def test_a_letter_arrives_as_it_was_written(server: SmtpServer, messenger: Messenger) -> None:
    assert messenger.send(letter(), NOW) == Handed("<msg1@casalola.example>")
    mail = arrived(server)
    assert mail.get_content() == "¿Vendrá usted? 😀\n"
    assert (mail["From"], mail["To"], mail["Subject"]) == (
        "Casa Lola <mesa@casalola.example>", ANA, "A place is free",
    )  # fmt: skip
    assert (server.received[0].sender, server.received[0].recipients) == ("mesa@casalola.example", (ANA,))


def test_a_letter_says_when_and_that_a_machine_wrote_it(server: SmtpServer, messenger: Messenger) -> None:
    messenger.send(letter(locale="fr"), NOW)
    mail = arrived(server)
    assert mail["Date"].datetime == datetime(2027, 1, 15, 15, 0, tzinfo=UTC)
    assert (mail["Auto-Submitted"], mail["Content-Language"]) == ("auto-generated", "fr")
    assert mail["List-Unsubscribe"] is None


def test_every_attempt_has_the_same_message_id_and_another_letter_another(
    server: SmtpServer, messenger: Messenger
) -> None:
    for key in ("msg1", "msg1", "msg2", "odd key\r\nX-Evil: 1"):
        messenger.send(letter(key=key), NOW)
    first, again, other, odd = (got.mail["Message-ID"] for got in server.received)
    assert first == again != other
    assert odd.endswith("@casalola.example>")
    assert len(odd.split()) == 1


def test_the_html_goes_beside_the_text(server: SmtpServer, messenger: Messenger) -> None:
    messenger.send(letter(html="<p>¿Vendrá usted?</p>"), NOW)
    mail = arrived(server)
    assert parts(mail) == ["multipart/alternative", "text/plain", "text/html"]
    assert mail.get_body(("html",)).get_content() == "<p>¿Vendrá usted?</p>\n"  # type: ignore[union-attr]


def test_the_calendar_file_goes_as_a_part_and_as_an_attachment(server: SmtpServer, messenger: Messenger) -> None:
    messenger.send(letter(html="<p>Booked</p>", attachment=ICS), NOW)
    mail = arrived(server)
    assert parts(mail) == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/calendar", "application/ics",
    ]  # fmt: skip
    calendar, attached = list(mail.walk())[-2:]
    assert calendar["Content-Type"].params == {"charset": "utf-8", "method": "PUBLISH"}
    assert calendar.get_content().replace("\r\n", "\n") == ICS.decode().replace("\r\n", "\n")
    assert (attached.get_filename(), attached.get_content()) == ("invite.ics", ICS)


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
def test_the_calendar_part_names_the_method_of_the_file(server: SmtpServer, messenger: Messenger, method: str) -> None:
    messenger.send(letter(attachment=ICS.replace(b"METHOD:PUBLISH", f"METHOD:{method}".encode())), NOW)
    calendar = next(part for part in arrived(server).walk() if part.get_content_type() == "text/calendar")
    assert calendar.get_param("method") == method


def test_nothing_on_the_wire_needs_more_than_seven_bits(server: SmtpServer, messenger: Messenger) -> None:
    messenger.send(letter(subject="Está libre 😀", html="<p>ñ</p>" * 500, attachment=ICS), NOW)
    assert server.received[0].content.isascii()
    assert max(map(len, server.received[0].content.split(b"\r\n"))) <= 78
    assert arrived(server)["Subject"] == "Está libre 😀"


def test_one_click_ends_the_emails(server: SmtpServer) -> None:
    messenger = SmtpMessenger(account_of(server.port, reply_to="hola@casalola.example"))
    messenger.send(letter(unsubscribe=UNSUBSCRIBE), NOW)
    mail = arrived(server)
    assert mail["List-Unsubscribe"] == f"<{UNSUBSCRIBE}>, <mailto:hola@casalola.example?subject=unsubscribe>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Reply-To"] == "hola@casalola.example"
    # Not as an encoded word, which no mail program would read as an address.
    assert f"List-Unsubscribe: <{UNSUBSCRIBE}>,\r\n".encode() in server.received[0].content


def test_one_click_is_promised_over_https_only(server: SmtpServer, messenger: Messenger) -> None:
    messenger.send(letter(unsubscribe="http://127.0.0.1:8080/unsubscribe/wl_1"), NOW)
    mail = arrived(server)
    assert mail["List-Unsubscribe"] == "<http://127.0.0.1:8080/unsubscribe/wl_1>"
    assert mail["List-Unsubscribe-Post"] is None


def test_a_name_outside_ascii_arrives_whole(server: SmtpServer) -> None:
    name = 'Chloé "La Niña" مطعم, S.L.'
    SmtpMessenger(account_of(server.port, sender_name=name)).send(letter(), NOW)
    assert arrived(server)["From"].addresses[0].display_name == name


def test_no_line_break_gets_into_a_header(server: SmtpServer, messenger: Messenger) -> None:
    messenger.send(letter(subject="Hello\r\nBcc: eve@example.org\x00\u2028X-Evil: 1", locale="en\r\nX-Evil: 2"), NOW)
    mail = arrived(server)
    assert mail["Subject"] == "Hello Bcc: eve@example.org X-Evil: 1"
    assert (mail["Bcc"], mail["X-Evil"], server.received[0].recipients) == (None, None, (ANA,))


@pytest.mark.parametrize(
    "url", ["https://a.example/x\r\nBcc: eve@example.org", "javascript:alert(1)", "https://a/>,<b"]
)
def test_an_odd_address_to_unsubscribe_at_is_not_sent(server: SmtpServer, messenger: Messenger, url: str) -> None:
    assert outcome(messenger, letter(unsubscribe=url)) == "message"
    assert server.received == []


def test_a_line_of_one_dot_does_not_end_the_text(server: SmtpServer, messenger: Messenger) -> None:
    messenger.send(letter(body="before\n.\nMAIL FROM:<eve@example.org>\n..after"), NOW)
    assert arrived(server).get_content() == "before\n.\nMAIL FROM:<eve@example.org>\n..after\n"


def test_half_a_character_is_a_fault_of_the_message(server: SmtpServer, messenger: Messenger) -> None:
    assert outcome(messenger, letter(body="broken \ud83d")) == "message"


@pytest.mark.parametrize(
    "address",
    ["", "ana", "@example.org", "ana@", "a b@example.org", "ana@example.org, eve@example.org", "<ana@example.org>",
     "Ana <ana@example.org>", "ana@example.org\r\nRCPT TO:<eve@example.org>", "a..b@example.org", "ana@-a.example",
     "ana@ex_ample.org", "ana@straße.example", "\u202eana@example.org", "x" * 65 + "@example.org"],
)  # fmt: skip
def test_what_is_no_address_is_never_tried(server: SmtpServer, messenger: Messenger, address: str) -> None:
    assert outcome(messenger, letter(address=address)) == "dead"
    assert server.received == []


def test_a_domain_outside_ascii_is_written_in_ascii(server: SmtpServer, messenger: Messenger) -> None:
    messenger.send(letter(address="ana@Bücher.example"), NOW)
    assert server.received[0].recipients == ("ana@xn--bcher-kva.example",)


def test_a_name_outside_ascii_before_the_at_needs_a_server_that_takes_it(
    server: SmtpServer, messenger: Messenger
) -> None:
    assert outcome(messenger, letter(address="josé@example.org")) == "elsewhere"
    with SmtpServer(utf8=True) as able:
        SmtpMessenger(account_of(able.port)).send(letter(address="josé@example.org"), NOW)
        assert able.received[0].recipients == ("josé@example.org",)
        assert "SMTPUTF8" in able.received[0].options
        assert able.received[0].mail["To"] == "josé@example.org"
