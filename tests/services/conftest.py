"""The story that most tests of the use cases begin with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.mail_room import colleague, connect_mail
from tests.outside_story import Outside, outside
from tests.smtp_server import SmtpServer
from tests.story import Story
from waitlist_appliance.services.appliance import Appliance


@pytest.fixture
def story(box: Appliance) -> Story:
    """An evening at Casa Lola, nothing happened yet."""
    return Story(box)


@pytest.fixture
def asked(story: Story) -> Story:
    """Friday 19:30 was full; Ana, Bruno and Chloé wait; table 1 frees; Ana has just been asked."""
    story.full("19:30")
    story.in_line("Ana", "Bruno", "Chloé")
    story.passes(minutes=1)
    story.frees("19:30", "Table 1")
    story.passes()
    return story


@pytest.fixture
def lola(story: Story) -> Outside:
    """An evening at Casa Lola, whose two tables are on one calendar outside the box."""
    return outside(story)


@pytest.fixture
def mail() -> Iterator[SmtpServer]:
    """A mail server that keeps what it is given."""
    with SmtpServer() as server:
        yield server


@pytest.fixture
def staffed(box: Appliance, mail: SmtpServer, now: datetime) -> Appliance:
    """Casa Lola with a mail account and its host, Hanna."""
    connect_mail(box, mail, now)
    colleague(box, "Hanna", "host", now)
    return box
