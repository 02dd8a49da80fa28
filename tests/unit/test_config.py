from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from waitlist_appliance.config import Config, ConfigError, load, render, show, write_default

TOKEN_KEY, SESSION_KEY, CRON_SECRET = "t" * 32, "s" * 32, "c" * 16
GOOD: dict[str, object] = {
    "server.public_url": "http://127.0.0.1:8080",
    "data.directory": "data",
    "keys.token_key": TOKEN_KEY,
    "keys.session_key": SESSION_KEY,
}


def written(folder: Path, **changes: object) -> Path:
    path = folder / "config.toml"
    values = GOOD | {name.replace("__", "."): value for name, value in changes.items()}
    path.write_text(render({name: value for name, value in values.items() if value is not None}), encoding="utf-8")
    path.chmod(0o600)
    return path


def refusal(path: Path, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path, environ or {})
    return str(caught.value)


def test_a_written_default_can_be_loaded(tmp_path: Path) -> None:
    write_default(tmp_path / "config.toml", tmp_path / "data", 9123, "http://127.0.0.1:9123")
    config = load(tmp_path / "config.toml", {})
    assert (config.port, config.public_url) == (9123, "http://127.0.0.1:9123")
    assert config.database_path == tmp_path / "data" / "waitlist.db"
    assert len({config.token_key, config.session_key, config.cron_secret.encode()}) == 3


def test_written_files_belong_to_their_owner_only(tmp_path: Path) -> None:
    write_default(tmp_path / "config.toml", tmp_path / "data", 8080, "http://127.0.0.1:8080")
    files = [tmp_path / "config.toml", *(tmp_path / "data").iterdir()]
    assert len(files) == 4
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_an_existing_configuration_is_never_overwritten(tmp_path: Path) -> None:
    path = written(tmp_path)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="never overwritten"):
        write_default(path, tmp_path / "data", 8080, "http://127.0.0.1:8080")
    assert path.read_bytes() == before


def test_keys_that_a_restored_data_folder_holds_are_kept(tmp_path: Path) -> None:
    write_default(tmp_path / "one.toml", tmp_path / "data", 8080, "http://127.0.0.1:8080")
    write_default(tmp_path / "two.toml", tmp_path / "data", 8081, "http://127.0.0.1:8081")
    assert load(tmp_path / "one.toml", {}).token_key == load(tmp_path / "two.toml", {}).token_key


def test_a_default_for_https_names_a_proxy_on_this_machine(tmp_path: Path) -> None:
    write_default(tmp_path / "config.toml", tmp_path / "data", 8080, "https://lista.casalola.es")
    config = load(tmp_path / "config.toml", {})
    assert (config.is_https, config.trusted_proxy) == (True, "127.0.0.1")


def test_a_missing_file_is_answered_with_the_command_that_writes_one(tmp_path: Path) -> None:
    assert "waitlist init" in refusal(tmp_path / "nowhere.toml")


def test_a_file_that_is_not_toml_is_refused_with_the_place(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[server]\nport = = 8\n", encoding="utf-8")
    assert "line 2" in refusal(path)


@pytest.mark.parametrize(
    ("line", "suggestion"),
    [
        ("[server]\nprot = 1", "server.port"),
        ("[servr]\nport = 1", "server.port"),
        ("port = 1", "server.port"),
        ("[keys]\ntoken_keyfile = 'x'", "keys.token_key_file"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(tmp_path: Path, line: str, suggestion: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(line, encoding="utf-8")
    assert refusal(path).endswith(f"did you mean {suggestion}?")


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("server.port", 99999, "from 1 to 65535"),
        ("server.port", "8080", "a whole number without quotes"),
        ("server.port", True, "a whole number without quotes"),
        ("server.host", "my-machine", "an IP address"),
        ("server.threads", 0, "from 1 to 64"),
        ("server.trusted_proxy", "nginx", "one IP address"),
        ("server.public_url", "casalola.es", "http or https"),
        ("server.public_url", "https://casalola.es/waitlist", "no path"),
        ("server.public_url", "http://127.0.0.1:99999", "http or https"),
        ("server.public_url", "https://waitlist.example.com", "the example's address"),
        ("timers.internal", "no", "true or false"),
        ("log.level", "loud", "debug, info, warning, error"),
        ("data.directory", "", "must not be empty"),
    ],
)
def test_a_wrong_value_is_refused_with_key_value_and_what_is_allowed(
    tmp_path: Path, name: str, value: object, allowed: str
) -> None:
    message = refusal(written(tmp_path, **{name: value}))
    assert message.startswith(f"{name} = {value!r}: ")
    assert allowed in message


@pytest.mark.parametrize(("value", "reason"), [("change-me", "placeholder"), ("short-but-own", "at least 32")])
def test_a_bad_secret_is_refused_and_never_shown(tmp_path: Path, value: str, reason: str) -> None:
    message = refusal(written(tmp_path, keys__token_key=value))
    assert message.startswith("keys.token_key: ")
    assert reason in message
    assert value not in message


def test_a_secret_of_the_wrong_type_is_not_shown_either(tmp_path: Path) -> None:
    assert "4711" not in refusal(written(tmp_path, keys__token_key=4711))


def test_a_secret_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("f" * 32 + "\n", encoding="utf-8")
    file.chmod(0o600)
    path = written(tmp_path, keys__token_key=None, keys__token_key_file="token")
    assert load(path, {}).token_key == b"f" * 32


def test_a_secret_given_twice_is_refused_naming_both_places(tmp_path: Path) -> None:
    message = refusal(written(tmp_path, keys__token_key_file="token"))
    assert "keys.token_key and keys.token_key_file" in message


def test_a_secret_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    message = refusal(written(tmp_path, keys__token_key=None, keys__token_key_file="nowhere"))
    assert message.startswith("keys.token_key_file = 'nowhere': the file cannot be read")


def test_a_secret_that_everybody_may_read_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.chmod(0o644)
    assert "chmod 600" in refusal(path)


def test_a_missing_key_is_refused_with_both_ways_to_set_it(tmp_path: Path) -> None:
    assert "keys.session_key_file must be set" in refusal(written(tmp_path, keys__session_key=None))


def test_a_missing_public_address_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[data]\ndirectory = "data"\n', encoding="utf-8")
    assert refusal(path).startswith("server.public_url: it must be set")


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"server.public_url": "https://casalola.es"}, ("server.public_url", "server.trusted_proxy")),
        ({"server.public_url": "http://192.168.1.5:8080"}, ("server.public_url", "server.host")),
        ({"keys.session_key": TOKEN_KEY}, ("keys.token_key", "keys.session_key")),
        ({"timers.internal": False}, ("timers.internal", "keys.cron_secret")),
    ],
)
def test_settings_that_contradict_each_other_are_refused_naming_both(
    tmp_path: Path, changes: dict[str, object], names: tuple[str, str]
) -> None:
    message = refusal(written(tmp_path, **changes))
    assert all(name in message for name in names)


@pytest.mark.parametrize(("word", "internal"), [("true", False), ("1", False), ("false", True), ("", True)])
def test_the_environment_can_turn_the_internal_timers_off(tmp_path: Path, word: str, internal: bool) -> None:
    path = written(tmp_path, keys__cron_secret=CRON_SECRET)
    assert load(path, {"DISABLE_INTERNAL_CRONS": word}).internal_timers is internal


def test_the_environment_wins_over_timers_that_are_off(tmp_path: Path) -> None:
    path = written(tmp_path, keys__cron_secret=CRON_SECRET, timers__internal=False)
    assert load(path, {"DISABLE_INTERNAL_CRONS": "false"}).internal_timers is True


def test_a_word_that_is_neither_yes_nor_no_is_refused_in_the_environment(tmp_path: Path) -> None:
    message = refusal(written(tmp_path), {"DISABLE_INTERNAL_CRONS": "maybe"})
    assert message.startswith("DISABLE_INTERNAL_CRONS = 'maybe'")


def test_what_is_shown_hides_every_secret(tmp_path: Path) -> None:
    config = load(written(tmp_path, keys__cron_secret=CRON_SECRET), {})
    secrets = dict.fromkeys(("token_key", "session_key", "cron_secret"), "(hidden)")
    assert show(config)["keys"] == {**secrets, "credentials_key_file": "credentials.key", "metrics_token": ""}
    assert show(config)["server"]["port"] == 8080
    for secret in (TOKEN_KEY, SESSION_KEY, CRON_SECRET):
        assert secret not in str(show(config)) + repr(config)


def test_a_secret_that_systemd_hands_over_goes_before_its_file(tmp_path: Path) -> None:
    handed_over = tmp_path / "credentials"
    handed_over.mkdir()
    (handed_over / "token_key.txt").write_text("handed-over-" * 4, encoding="utf-8")
    (handed_over / "token_key.txt").chmod(0o400)
    path = tmp_path / "box" / "config.toml"
    write_default(path, tmp_path / "data", 8080, "http://127.0.0.1:8080")
    (tmp_path / "data" / "token_key.txt").unlink()
    assert load(path, {"CREDENTIALS_DIRECTORY": str(handed_over)}).token_key == b"handed-over-" * 4


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("backup__recipient", "age1short"),
        ("backup__offsite", "ftp:somewhere"),
        ("backup__offsite", "rsync:--rsh=sh"),
        ("backup__passphrase", "short"),
        ("backup__keep_daily", 0),
        ("sentry__dsn", "https://sentry.example/1"),
        ("sentry__dsn", "http://key@sentry.example/1"),
        ("keys__metrics_token", "short"),
    ],
)
def test_what_backups_and_reports_are_told_is_checked_at_the_start(tmp_path: Path, key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=key.replace("__", r"\.")):
        load(written(tmp_path, **{key: value}), {})


def test_a_closing_slash_of_the_public_address_is_dropped(tmp_path: Path) -> None:
    assert load(written(tmp_path, server__public_url="http://127.0.0.1:8080/"), {}).public_url[-1] == "0"


def test_paths_with_quotes_and_backslashes_survive_being_written(tmp_path: Path) -> None:
    assert load(written(tmp_path, data__directory='we"ird\\'), {}).data_directory == tmp_path / 'we"ird\\'


def test_a_configuration_can_be_built_directly(tmp_path: Path) -> None:
    config = Config(data_directory=tmp_path, token_key=b"t", session_key=b"s")
    assert replace(config, port=0).huey_path == tmp_path / "huey.db"
