"""/unsubscribe/<token>: looking changes nothing, one click acts at once, the phone stays reachable (RFC 8058)."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from waitlist_appliance.services.appliance import Appliance
from waitlist_appliance.storage import customers, email_refusals, messages

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def ana(box: Appliance, clock: Any) -> int:
    with box.db.write():
        return customers.add(box.db, "+34600000001", "mobile", "Ana", None, "ana@example.org", "en", clock.now).id


@pytest.fixture
def page(box: Appliance, clock: Any, ana: int) -> str:
    return "/unsubscribe/" + box.token("unsubscribe", ana, clock.now)


def state_of(box: Appliance) -> list[tuple[Any, ...]]:
    return box.db.tuples("SELECT email_refused_at, opted_out_at, undeliverable_at FROM customer")


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_at_the_page_changes_nothing(client: FlaskClient, box: Appliance, page: str, method: str) -> None:
    answer = getattr(client, method)(page)
    assert answer.status_code == 200
    assert state_of(box) == [(None, None, None)]


def test_the_page_asks_and_shows_only_a_little_of_the_address(client: FlaskClient, page: str) -> None:
    shown = client.get(page).get_data(as_text=True)
    assert "No more emails?" in shown
    assert "a…@example.org" in shown
    assert "ana@example.org" not in shown


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_one_click_in_the_mail_program_acts_at_once(
    client: FlaskClient, box: Appliance, page: str, ana: int, kind: str
) -> None:
    answer = client.post(page, data=ONE_CLICK, content_type=kind)
    assert (answer.status_code, "Location" in answer.headers) == (200, False)
    assert email_refusals.refused(box.db, ana)


def test_one_click_needs_no_cookie_and_leaves_none(client: FlaskClient, page: str) -> None:
    assert "Set-Cookie" not in client.post(page, data=ONE_CLICK, headers={"Origin": "https://mail.example"}).headers


def test_the_phone_is_still_reached(client: FlaskClient, box: Appliance, page: str) -> None:
    client.post(page, data={"act": "unsubscribe"})
    [(refused, opted_out, undeliverable)] = state_of(box)
    assert (refused is not None, opted_out, undeliverable) == (True, None, None)


def test_saying_it_twice_is_written_down_once(client: FlaskClient, box: Appliance, page: str, clock: Any) -> None:
    client.post(page, data=ONE_CLICK)
    first = state_of(box)
    clock.forward(hours=1)
    assert client.post(page, data=ONE_CLICK).status_code == 200
    assert state_of(box) == first
    assert box.db.value("SELECT COUNT(*) FROM activity WHERE verb = 'emails_refused'") == 1


def test_it_can_be_taken_back(client: FlaskClient, box: Appliance, page: str) -> None:
    assert "Send me emails again" in client.post(page, data=ONE_CLICK).get_data(as_text=True)
    assert "You get our emails again" in client.post(page, data={"act": "again"}).get_data(as_text=True)
    assert state_of(box) == [(None, None, None)]


def test_emails_that_wait_are_dropped_and_texts_are_not(
    client: FlaskClient, box: Appliance, page: str, ana: int, clock: Any
) -> None:
    with box.db.write():
        for channel in ("email", "sms"):
            messages.add(
                box.db, customer_id=ana, kind="left", channel=channel, facts={}, dedupe_key=f"left:1:{channel}",
                due_at=clock.now, now=clock.now, own_act=False,
            )  # fmt: skip
    client.post(page, data=ONE_CLICK)
    assert box.db.tuples("SELECT channel, state FROM message ORDER BY channel") == [
        ("email", "dropped"),
        ("sms", "pending"),
    ]


@pytest.mark.parametrize("body", [{}, {"act": "delete"}, {"List-Unsubscribe": "no"}])
def test_anything_else_is_refused(client: FlaskClient, box: Appliance, page: str, body: dict[str, str]) -> None:
    assert client.post(page, data=body).status_code == 422
    assert state_of(box) == [(None, None, None)]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("token", ["nothing", "wl_" + "1" * 22])
def test_an_unknown_link_is_a_friendly_404(client: FlaskClient, method: str, token: str) -> None:
    answer = client.open(f"/unsubscribe/{token}", method=method, data=ONE_CLICK if method == "POST" else None)
    assert (answer.status_code, answer.mimetype) == (404, "text/html")


def test_a_link_of_another_kind_opens_nothing_here(client: FlaskClient, box: Appliance, ana: int, clock: Any) -> None:
    other = box.token("booking", ana, clock.now)
    assert client.post(f"/unsubscribe/{other}", data=ONE_CLICK).status_code == 404
    assert state_of(box) == [(None, None, None)]


def test_the_page_speaks_the_customers_language(client: FlaskClient, box: Appliance, page: str) -> None:
    with box.db.write():
        box.db.execute("UPDATE customer SET locale = 'fr'")
    assert '<html lang="fr">' in client.get(page).get_data(as_text=True)


def test_what_happened_is_in_the_history(client: FlaskClient, box: Appliance, page: str) -> None:
    client.post(page, data=ONE_CLICK)
    client.post(page, data={"act": "again"})
    verbs = box.db.tuples("SELECT actor, verb FROM activity WHERE subject = 'customer' ORDER BY id")
    assert verbs == [("customer", "emails_refused"), ("customer", "emails_wanted")]
