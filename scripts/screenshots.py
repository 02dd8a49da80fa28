"""Plays an evening on the demo's restaurant and takes the pictures of the documentation."""

from __future__ import annotations

import base64
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Page, sync_playwright  # noqa: E402

from tests.browser.chromium import DESKTOP, PHONE, Visitor, launch  # noqa: E402
from tests.browser.restaurant import Evening, Guest, Restaurant, opened  # noqa: E402

FOLDER: Final = ROOT / "docs" / "screenshots"
LIMIT: Final = 3_500_000
# The other pages of the dashboard, as they are whatever the evening brings.
DESK: Final = {
    "slots": "/staff/slots",
    "messages": "/staff/messages",
    "statistics": "/staff/statistics",
    "settings": "/staff/settings",
    "policies": "/staff/settings/policies",
    "system": "/staff/system",
}
STORY: Final = """<style>
  body { margin: 0; padding: 40px 40px 0 40px; background: #e9e2d9; display: flex; gap: 32px; align-items: flex-start;
         height: 640px; overflow: hidden; box-sizing: border-box }
  img { display: block; border-radius: 14px 14px 0 0; box-shadow: 0 12px 40px rgb(48 36 24 / 18%) }
  .desk { width: 1020px } .phone { width: 300px }
</style><img class="desk" src="DESK"><img class="phone" src="PHONE">"""


class Studio:
    """The cast at the moment of each picture."""

    def __init__(self, restaurant: Restaurant, visitor: Visitor) -> None:
        self._restaurant, self._visitor = restaurant, visitor
        self._evening = restaurant.tomorrow()
        self._taken: dict[str, Path] = {}

    def shoot(self) -> None:
        """All pictures, in the order of the story."""
        evening, restaurant = self._evening, self._restaurant
        guests = self._line(evening)
        self._customer("sign-up", restaurant.call(evening, "Gala", lastName="Ortiz", nbPersons=2).url)
        self._customer("place", guests[2].url)
        first = restaurant.offered(evening, guests[0])
        self._customer("offer", first)
        restaurant.answer(restaurant.offered(evening, guests[1]), "accept")
        restaurant.until(lambda: restaurant.entry(guests[1])["status"] == "confirmed", "the booking is confirmed")
        self._customer("confirmed", restaurant.link(guests[1]))
        with restaurant.policies(offers="approve_each"):
            restaurant.free_a_table(evening)
            restaurant.until(lambda: restaurant.offer_state(guests[2]) == "proposed", "an offer is proposed")
        self._staff(guests[0])
        self._story()

    def _line(self, evening: Evening) -> list[Guest]:
        names = ("Ana García", "Bruno Hughes", "Chloé Laurent", "Diego Morán", "Emma Rossi", "Farid Haddad")
        guests = []
        for name in names:
            guest = self._restaurant.sign_up(evening, name.split()[0], "19:30", "20:00", last_name=name.split()[1])
            guests.append(guest)
        return guests

    def _staff(self, asked: Guest) -> None:
        pages = {
            "waitlist": "/staff/waitlist",
            "agenda": f"/staff/agenda?day={self._evening.day}",
            "phones": f"/staff/phones/{asked.phone}",
        }
        session = self._session()
        for size, width in ((PHONE, "390"), (DESKTOP, "1440")):
            page = self._visitor.page(size, storage_state=session)
            for name, path in (pages | DESK).items():
                self._take(page, f"{name}-{width}", path)
        page = self._visitor.page(DESKTOP, storage_state=session, color_scheme="dark")
        for name in ("waitlist", "agenda"):
            self._take(page, f"{name}-dark-1440", pages[name])

    def _session(self) -> object:
        page = self._visitor.page()
        page.goto("/login?lang=en")
        page.locator("#f-email").fill(self._restaurant.owner)
        page.locator("#f-password").fill(self._restaurant.password)
        page.locator("form button.btn-wide").click()
        page.wait_for_url("**/staff/waitlist")
        return page.context.storage_state()

    def _customer(self, name: str, address: str) -> None:
        for size, width in ((PHONE, "390"), (DESKTOP, "1440")):
            self._take(self._visitor.page(size), f"{name}-{width}", address)

    def _take(self, page: Page, name: str, address: str) -> None:
        page.goto(address)
        page.wait_for_load_state("networkidle")
        held = page.locator(".agenda-hold").first
        if held.count():  # what is held for somebody is what the agenda is looked at for
            held.evaluate("it => scrollTo(0, it.getBoundingClientRect().top + scrollY - innerHeight / 3)")
        self._taken[name] = FOLDER / f"{name}.png"
        page.screenshot(path=self._taken[name])

    def _story(self) -> None:
        """The picture of the README: the desk, and an offer on a phone."""
        page = self._visitor.page((1432, 640))
        content = STORY.replace("DESK", _inline(self._taken["waitlist-1440"]))
        page.set_content(content.replace("PHONE", _inline(self._taken["offer-390"])))
        page.screenshot(path=FOLDER / "story.png")


def _inline(picture: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(picture.read_bytes()).decode("ascii")


def main() -> int:
    """0 when every picture is taken and all of them together are small enough."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="waitlist-screenshots-") as folder,
        opened(Path(folder)) as restaurant,
        sync_playwright() as playwright,
    ):
        restaurant.set("offer_window_seconds", 900)
        browser = launch(playwright)
        visitor = Visitor(browser, restaurant.url)
        Studio(restaurant, visitor).shoot()
        visitor.close()
        browser.close()
    size = sum(picture.stat().st_size for picture in FOLDER.glob("*.png"))
    print(f"{len(list(FOLDER.glob('*.png')))} pictures in {FOLDER.relative_to(ROOT)}, {size / 1e6:.2f} MB")
    return 0 if size < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
