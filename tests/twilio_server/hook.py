"""A hook for the server's own tests: keeps what is posted, and believes only Twilio's own validator."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from twilio.request_validator import RequestValidator, get_signature_algorithm

from tests.twilio_server import Answer

TWIML = Answer(200, {"Content-Type": "text/xml"}, b"<Response/>")


@dataclass(frozen=True)
class Post:
    """One request to the hook."""

    address: str
    headers: dict[str, str]
    form: dict[str, str]


@dataclass
class Hook:
    """A transport that answers with ``script``, one entry a post, and afterwards with an empty TwiML."""

    secret: str
    script: list[Answer] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)

    def __call__(self, address: str, headers: dict[str, str], body: bytes) -> Answer:
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        self.posts.append(Post(address, headers, form))
        algorithm = get_signature_algorithm(headers.get("X-Twilio-Webhooks-Signature-Settings", ""))
        signature = headers.get("X-Twilio-Signature", "")
        if not RequestValidator(self.secret).validate(address, form, signature, algorithm):
            return Answer(403)
        return self.script.pop(0) if self.script else TWIML

    def told(self) -> list[str]:
        """The message states in the order in which they came."""
        return [post.form["MessageStatus"] for post in self.posts]
