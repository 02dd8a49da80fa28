"""What the owner is asked, and what is taken from flags."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from waitlist_appliance.installation.answers import Answers, complete
from waitlist_appliance.installation.failure import Failed

GIVEN = Answers(name="Casa Lola", url="https://waitlist.casa-lola.es", email="lola@casa-lola.es")


def asked(monkeypatch: pytest.MonkeyPatch, *lines: str) -> Answers:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    return complete(Answers(), ask=True, defaults=False)


def test_a_bare_domain_means_https(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = asked(monkeypatch, "Casa Lola", "waitlist.casa-lola.es", "lola@casa-lola.es", "", "", "", "")
    assert answers == GIVEN
    assert answers.domain == "waitlist.casa-lola.es"


def test_a_wrong_answer_is_asked_for_again(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ("Casa Lola", "my place", "waitlist.casa-lola.es", "lola", "lola@casa-lola.es", "Madrid", "", "", "", "")
    assert asked(monkeypatch, *lines) == GIVEN
    said = capsys.readouterr().out
    assert "'lola' is no email address" in said
    assert "'Madrid' is no time zone" in said


@pytest.mark.parametrize(
    ("field", "value", "flag"),
    [
        ("name", " ", "--name"), ("url", "https://waitlist.example.org", "--domain"), ("email", "lola", "--owner-email"),
        ("zone", "Madrid", "--zone"), ("locale", "de", "--locale"), ("region", "Spain", "--region"),
        ("tables", "many", "--tables"),
    ],
)  # fmt: skip
def test_a_wrong_flag_is_named(field: str, value: str, flag: str) -> None:
    with pytest.raises(Failed, match=flag):
        complete(replace(GIVEN, **{field: value}), ask=False, defaults=False)


def test_defaults_ask_for_nothing() -> None:
    answers = complete(Answers(), ask=False, defaults=True)
    assert answers.url == "http://127.0.0.1:8080"
    assert "@" in answers.email


def test_what_was_given_goes_before_the_defaults() -> None:
    assert complete(GIVEN, ask=False, defaults=True) == GIVEN
