from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waitlist_appliance.domain.policies import Policies, PolicyError, describe, from_settings, validate


def test_without_settings_every_policy_has_its_default() -> None:
    assert from_settings({}) == Policies()


@pytest.mark.parametrize(
    ("key", "default"),
    [("joining", "open"), ("offers", "automatic"), ("registration_required", True), ("nudge_after_seconds", 1200),
     ("alternatives_from", "18:00"), ("alternatives_to", "22:00"), ("alternatives_step_minutes", 30),
     ("flexible_wishes", True), ("flexible_wish_limit", 100), ("single_wish_limit", 10), ("waitlist_first", True),
     ("offer_window_seconds", 900), ("offer_window_minimum_seconds", 300), ("cutoff_seconds", 1800),
     ("race_from_seconds", 7200), ("race_size", 3), ("silences_limit", 3), ("late_yes", True),
     ("quiet_from", "22:00"), ("quiet_to", "08:00"), ("urgent_in_quiet_hours", False), ("offers_per_day", 3),
     ("messages_per_day", 20), ("grace_seconds", 60), ("party_tolerance", 4), ("unnamed_events", "block_everything"),
     ("staleness_seconds", 900), ("read_interval_seconds", 300), ("offer_read_age_seconds", 60),
     ("mass_change_limit", 3), ("retention_months", 24), ("revenue_per_cover", 0), ("unsent_offer_seconds", 600),
     ("distribution", "round_robin"), ("reminder_24h_email", True), ("reminder_24h_sms", True),
     ("reminder_1h_sms", True), ("reminder_15min_sms", False)],
)  # fmt: skip
def test_the_default_is_the_written_one(key: str, default: object) -> None:
    assert getattr(Policies(), key) == default


@pytest.mark.parametrize(
    ("key", "given_value", "value"),
    [("race_size", "15", 15), ("race_size", 15.0, 15), ("late_yes", "false", False), ("late_yes", "True", True),
     ("late_yes", 1, True), ("quiet_from", "9:05", "09:05"), ("quiet_to", "24:00", "24:00"),
     ("offers", "Approve each", "approve_each"), ("joining", "closed", "closed")],
)  # fmt: skip
def test_a_setting_is_understood_in_its_own_type(key: str, given_value: object, value: object) -> None:
    assert validate(key, given_value) == value
    assert type(validate(key, given_value)) is type(value)


@pytest.mark.parametrize(
    ("key", "value"),
    [("race_size", 0), ("race_size", True), ("race_size", "many"), ("race_size", 2.5), ("race_size", None),
     ("race_size", "٣"), ("late_yes", "perhaps"), ("late_yes", None), ("late_yes", 2), ("quiet_from", "24:00"),
     ("quiet_from", "8"), ("joining", "ajar"), ("joining", None), ("max_party_size", 500), ("max_party_size", 0),
     ("offer_window_seconds", -1), ("offer_window_seconds", "9" * 30)],
)  # fmt: skip
def test_a_bad_value_is_refused_with_what_is_allowed(key: str, value: object) -> None:
    with pytest.raises(PolicyError) as refused:
        validate(key, value)
    assert (refused.value.key, refused.value.value) == (key, value)
    assert refused.value.allowed


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(PolicyError, match="colour"):
        from_settings({"colour": "green"})


def test_the_least_window_never_exceeds_the_window() -> None:
    with pytest.raises(PolicyError) as refused:
        from_settings({"offer_window_seconds": 60})
    assert refused.value.key == "offer_window_minimum_seconds"
    assert from_settings({"offer_window_seconds": 60, "offer_window_minimum_seconds": 60}).offer_window_seconds == 60


@pytest.mark.parametrize("first", ["22:00", "23:00"])
def test_the_alternatives_begin_before_they_end(first: str) -> None:
    with pytest.raises(PolicyError, match="alternatives_from"):
        from_settings({"alternatives_from": first})


def test_every_policy_is_described_and_its_default_is_allowed() -> None:
    for info in describe():
        assert info.meaning.endswith(".")
        assert info.allowed
        assert validate(info.key, info.default) == info.default


@given(st.sampled_from(describe()), st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()))
def test_any_value_is_accepted_or_refused_and_what_is_accepted_stays(info, value) -> None:  # type: ignore[no-untyped-def]
    try:
        accepted = validate(info.key, value)
    except PolicyError:
        return
    assert type(accepted) is type(info.default)
    assert validate(info.key, str(accepted)) == accepted
