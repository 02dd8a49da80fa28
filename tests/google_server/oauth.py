"""The consent page, the token endpoint and the revocation endpoint."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from typing import Any
from urllib.parse import unquote_plus, urlencode, urlsplit

from tests.google_server.errors import OAuthError
from tests.google_server.state import Request, World
from tests.google_server.tokens import CODE_LIFE, TESTING_LIFE, Client, Code, Tokens

CONSENT_PARAMETERS = frozenset({
    "client_id", "redirect_uri", "response_type", "scope", "state", "access_type", "prompt", "code_challenge",
    "code_challenge_method", "include_granted_scopes", "login_hint", "hl", "enable_granular_consent",
})  # fmt: skip


def consent(world: World, tokens: Tokens, request: Request) -> str:
    """Where the consent page sends the browser. OAuthError: the page shows an error and sends it nowhere."""
    query = request.query
    client = tokens.clients.get(query.get("client_id", ""))
    if client is None:
        raise OAuthError(401, "invalid_client", "The OAuth client was not found.")
    _check_redirect(client, query.get("redirect_uri", ""))
    if query.get("response_type") != "code" or not query.get("scope"):
        raise OAuthError(400, "invalid_request", "Required parameter is missing: response_type or scope")
    _frown(world, request)
    asked = frozenset(query["scope"].split())
    given = asked - tokens.untick
    if tokens.deny or not given:
        return _back(query, {"error": "access_denied"})
    code = f"4/0A{secrets.token_urlsafe(24)}"
    first = client.id not in tokens.consented
    tokens.consented.add(client.id)
    offline = query.get("access_type") == "offline"
    tokens.codes[code] = Code(
        client.id, query["redirect_uri"], given, query.get("code_challenge"), offline,
        offline and (first or "consent" in query.get("prompt", "").split()), world.clock,
    )  # fmt: skip
    return _back(query, {"code": code, "scope": " ".join(sorted(given)), "authuser": "0", "prompt": "consent"})


def token(world: World, tokens: Tokens, request: Request) -> dict[str, Any]:
    """POST /token."""
    form = _form(world, request)
    client = _client(tokens, request, form)
    if form.get("grant_type") == "authorization_code":
        return _exchange(world, tokens, client, form)
    if form.get("grant_type") == "refresh_token":
        return _refresh(world, tokens, client, form)
    raise OAuthError(400, "unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type')}")


def revoke(world: World, tokens: Tokens, request: Request) -> dict[str, Any]:
    """POST /revoke: either token ends the whole grant."""
    named = _form(world, request).get("token") or request.query.get("token", "")
    known = tokens.refresh.get(named) or tokens.access.get(named)
    if known is None:
        raise OAuthError(400, "invalid_token", "Token expired or revoked")
    tokens.take_back(known.client_id)
    return {}


def _check_redirect(client: Client, address: str) -> None:
    parts = urlsplit(address)
    loopback = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")
    if address in client.redirects or (client.kind == "desktop" and loopback):
        return
    raise OAuthError(400, "redirect_uri_mismatch", f"The redirect URI in the request, {address}, is not registered.")


def _frown(world: World, request: Request) -> None:
    """What Google lets pass and we do not want."""
    query = request.query
    problems = [f"query {name} does not exist" for name in query if name not in CONSENT_PARAMETERS]
    if query.get("code_challenge_method") != "S256" or not 43 <= len(query.get("code_challenge", "")) <= 128:
        problems.append("no PKCE challenge of kind S256")
    if len(query.get("state", "")) < 16:
        problems.append("no state, or one that can be guessed")
    world.violations += [f"oauth.auth: {problem}" for problem in problems]


def _back(query: dict[str, str], answer: dict[str, str]) -> str:
    if "state" in query:
        answer = {"state": query["state"]} | answer
    joint = "&" if urlsplit(query["redirect_uri"]).query else "?"
    return query["redirect_uri"] + joint + urlencode(answer)


def _form(world: World, request: Request) -> dict[str, str]:
    if not isinstance(request.body, dict):
        raise OAuthError(400, "invalid_request", "The body must be application/x-www-form-urlencoded")
    named = [f"{request.operation}: {name} in the address" for name in request.query if name != "token"]
    world.violations += named
    return request.body


def _client(tokens: Tokens, request: Request, form: dict[str, str]) -> Client:
    name, secret = form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise OAuthError(400, "invalid_request", "Malformed Authorization header") from None
        name, secret = unquote_plus(name), unquote_plus(secret)
    client = tokens.clients.get(name)
    if client is None:
        raise OAuthError(401, "invalid_client", "The OAuth client was not found.")
    if not secrets.compare_digest(client.secret.encode(), secret.encode()):
        raise OAuthError(401, "invalid_client", "Unauthorized")
    return client


def _exchange(world: World, tokens: Tokens, client: Client, form: dict[str, str]) -> dict[str, Any]:
    code = tokens.codes.get(form.get("code", ""))
    if code is None or code.used or code.client_id != client.id or world.clock >= code.made_at + CODE_LIFE:
        raise OAuthError(400, "invalid_grant", "Malformed auth code.")
    if form.get("redirect_uri") != code.redirect_uri:
        raise OAuthError(400, "redirect_uri_mismatch", "Bad Request")
    if code.challenge is not None:
        _check_verifier(code.challenge, form.get("code_verifier", ""))
    code.used = True
    refresh = tokens.new_refresh(client.id, code.scopes, world.clock) if code.refreshable else None
    answer = _access(world, tokens, client, code.scopes, refresh)
    if refresh:
        answer |= {"refresh_token": refresh}
        answer |= {"refresh_token_expires_in": int(TESTING_LIFE.total_seconds()) - 1} if tokens.testing else {}
    return answer


def _check_verifier(challenge: str, verifier: str) -> None:
    if not verifier:
        raise OAuthError(400, "invalid_grant", "Missing code verifier.")
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    if digest != challenge:
        raise OAuthError(400, "invalid_grant", "Invalid code verifier.")


def _refresh(world: World, tokens: Tokens, client: Client, form: dict[str, str]) -> dict[str, Any]:
    named = form.get("refresh_token", "")
    known = tokens.refresh.get(named)
    if known is None or known.client_id != client.id:
        raise OAuthError(400, "invalid_grant", "Token has been expired or revoked.")
    if known.testing and world.clock >= known.made_at + TESTING_LIFE:
        raise OAuthError(400, "invalid_grant", "Token has been expired or revoked.")
    scopes = frozenset(form["scope"].split()) if form.get("scope") else known.scopes
    if not scopes <= known.scopes:
        raise OAuthError(400, "invalid_scope", "Some requested scopes were invalid.")
    if not tokens.rotate:
        return _access(world, tokens, client, scopes, named)
    del tokens.refresh[named]
    fresh = tokens.new_refresh(client.id, known.scopes, world.clock)
    return _access(world, tokens, client, scopes, fresh) | {"refresh_token": fresh}


def _access(
    world: World, tokens: Tokens, client: Client, scopes: frozenset[str], refresh: str | None
) -> dict[str, Any]:
    return {
        "access_token": tokens.new_access(client.id, scopes, refresh, world.clock),
        "expires_in": int(tokens.access_life.total_seconds()),
        "scope": " ".join(sorted(scopes)),
        "token_type": "Bearer",
    }
