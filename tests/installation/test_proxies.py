"""The snippets for Caddy and nginx: TLS, what the box is told of the visitor, and no customer's secret in a log."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from waitlist_appliance.web.routes import ROUTES as PUBLIC
from waitlist_appliance.web.staff.routes import STAFF_ROUTES

DEPLOY = Path(__file__).parents[2] / "deploy"
CADDY = (DEPLOY / "caddy" / "Caddyfile").read_text(encoding="utf-8")
NGINX = (DEPLOY / "nginx" / "waitlist.conf").read_text(encoding="utf-8")


def bare(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.strip().startswith("#"))


def logged(path: str) -> bool:
    """What nginx's map decides about a path."""
    block = re.search(r"map \$uri \$waitlist_logged \{(.*?)\}", NGINX, re.DOTALL)
    assert block is not None
    lines = [line.strip().rstrip(";").rsplit(" ", 1) for line in block[1].strip().splitlines()]
    found = dict(lines)
    assert found.pop("default") == "0"
    exact = {pattern.strip('"') for pattern in found if not pattern.startswith("~")}
    return path in exact or any(re.search(pattern[1:], path) for pattern in found if pattern.startswith("~"))


@pytest.mark.parametrize("path", sorted({route.path for route in [*PUBLIC, *STAFF_ROUTES] if "token" in route.path}))
def test_no_address_with_a_customers_secret_is_logged(path: str) -> None:
    assert not logged(re.sub(r"<[^>]*token[^>]*>", "wl_secret", path))


def test_addresses_without_a_secret_are_logged() -> None:
    assert all(map(logged, ("/", "/healthz", "/static/css/tokens.css", "/api/waitlist/trigger")))
    assert not logged("/welcome/secret")


def test_nginx_logs_neither_query_nor_referrer() -> None:
    (form,) = re.findall(r"log_format waitlist '([^']*)'", NGINX)
    assert not {"$request ", "$request_uri", "$args", "$http_referer", "$query_string"} & set(
        re.findall(r"\$\w+ ?", form)
    )


@pytest.mark.parametrize("text", [CADDY, NGINX], ids=["caddy", "nginx"])
def test_security_headers_come_from_the_box_alone(text: str) -> None:
    assert "Strict-Transport-Security" not in bare(text)
    assert "Content-Security-Policy" not in bare(text)


def test_nginx_says_itself_who_the_visitor_is() -> None:
    told = dict(re.findall(r"proxy_set_header (X-Forwarded-\w+) (\S+);", NGINX))
    assert told == {"X-Forwarded-For": "$remote_addr", "X-Forwarded-Proto": "$scheme", "X-Forwarded-Host": "$host"}


def test_bodies_are_limited_to_a_megabyte() -> None:
    assert "max_size 1MB" in CADDY
    assert "client_max_body_size 1m;" in NGINX


@pytest.mark.parametrize("text", [CADDY, NGINX], ids=["caddy", "nginx"])
def test_every_brace_is_closed(text: str) -> None:
    assert bare(text).count("{") == bare(text).count("}")


@pytest.mark.skipif(not shutil.which("caddy"), reason="caddy is not installed")
def test_caddy_accepts_its_file() -> None:
    command = ["caddy", "validate", "--adapter", "caddyfile", "--config", str(DEPLOY / "caddy" / "Caddyfile")]
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="nginx tries the ports below 1024, which only root may")
@pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")
@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_nginx_accepts_its_file(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=x",
        "-keyout",
        str(key),
        "-out",
        str(certificate),
    ]
    subprocess.run(made, check=True, capture_output=True)
    text = re.sub(r"ssl_certificate_key .*;", f"ssl_certificate_key {key};", NGINX)
    text = re.sub(r"ssl_certificate /.*;", f"ssl_certificate {certificate};", text).replace(
        "/var/log/nginx", str(tmp_path)
    )
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "\n".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in kinds)
    whole = tmp_path / "nginx.conf"
    head = f"pid {tmp_path}/pid;\nerror_log {tmp_path}/error.log;\nevents {{}}\n"
    whole.write_text(f"{head}http {{\n{folders}\n{text}\n}}\n")
    done = subprocess.run(["nginx", "-t", "-c", str(whole)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
