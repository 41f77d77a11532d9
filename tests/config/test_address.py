"""Who may reach the board by its address: what the section `api` takes, and what `glassd check` says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trustme
from yaml_files import MODEL, config, mistakes

from glassd.cli import main
from glassd.config.schema import TlsFiles

if TYPE_CHECKING:
    from pathlib import Path

HASH = "scrypt.14.8.1.zzfJmekEqTY6e49zgv9ZPQ.83b9.VDO1AoCvSGspyrpSntl4lxdizyBqjP5kddoaIAghjcY"
LISTEN = "listen: 127.0.0.1:8733"


def told(folder: Path, section: str) -> list[str]:
    """Return what is said of a section, as column, key and words."""
    return [line.removeprefix("glassd.yaml:2:") for line in mistakes(folder, f"{MODEL}api: {{{section}}}\n")]


def test_a_token_goes_by_its_hash_and_tls_by_one_word_or_two_files(tmp_path: Path) -> None:
    own = config(
        tmp_path, f"{MODEL}api: {{{LISTEN}, token_hash: {HASH}, tls: own, hosts: [Glassd.Local, board]}}\n"
    ).api
    assert (own.token_hash, own.tls, own.hosts) == (HASH, "own", ["glassd.local", "board"])
    given = config(tmp_path, f"{MODEL}api: {{{LISTEN}, token: page, tls: {{certificate: /a.pem, key: /a.key}}}}\n").api
    assert given.tls == TlsFiles(certificate="/a.pem", key="/a.key")


@pytest.mark.parametrize(
    ("section", "mistake"),
    [
        (
            f"{LISTEN}, token: page, token_hash: {HASH}",
            ": api.token_hash: expected either a token or its hash",
        ),
        (f"{LISTEN}, token_hash: {HASH}, open: true", ": api.open: expected either a token or open, not both"),
        (
            f"{LISTEN}, token_hash: correct-horse-battery",
            ": api.token_hash: expected the hash of a token, as",
        ),
        (f"{LISTEN}, token: page, tls: yes", ": api.tls: expected own or lines of key: value, got text 'yes'"),
        (f"{LISTEN}, token: page, tls: [own]", ": api.tls: expected own or lines of key: value, got a list"),
        (f"{LISTEN}, token: page, tls: {{key: /a}}", ": api.tls.certificate: expected this key, which has no default"),
        (
            f"{LISTEN}, token: page, tls: {{certificate: a.pem, key: /a}}",
            ": api.tls.certificate: expected an absolute path, such as /etc/glassd/ca.pem, got text 'a.pem'",
        ),
        (
            f"{LISTEN}, token: page, tls: {{certificate: /a, key: /a, chain: /b}}",
            ": api.tls.chain: expected a key that is known here, not this one; known here: certificate, key",
        ),
        (f"{LISTEN}, token: page, hosts: ['board:80']", ": api.hosts.0: expected a name alone, such as glassd.local"),
        (f"{LISTEN}, token: page, hosts: [10.0.0.1]", ": api.hosts.0: expected a name alone, such as glassd.local"),
        (f"{LISTEN}, token: page, hosts: ['*.local']", ": api.hosts.0: expected a name alone, such as glassd.local"),
        ("listen: 0.0.0.0:8733, tls: own", ": api.listen: expected a token beside it"),
    ],
)
def test_what_is_wrong_is_said_once_at_its_key(tmp_path: Path, section: str, mistake: str) -> None:
    [said] = told(tmp_path, section)
    assert mistake in said
    assert "correct-horse" not in said


def warnings(folder: Path, section: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    file = folder / "glassd.yaml"
    file.write_text(f"{MODEL}api: {{{section}}}\n")
    assert main(["check", str(file)]) == 0
    return [line.removeprefix("warning: ") for line in capsys.readouterr().err.splitlines()]


@pytest.fixture(autouse=True)
def _tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLASSD_KEY_PAGE", "k7qdm-2x9ab-fj0s5-ty8wn-c3vh6")
    monkeypatch.setenv("GLASSD_KEY_SHORT", "letmein")


@pytest.mark.parametrize(
    ("section", "warning"),
    [
        (
            "listen: 0.0.0.0:8733, token: page",
            "api.listen: 0.0.0.0:8733 is plain http: whoever listens in",
        ),
        ("listen: '[fd00::1]:8733', token: page", "api.listen: [fd00::1]:8733 is plain http"),
        ("tls: own", "api: there is no listen: beside it, so the unix socket alone is served"),
        (f"{LISTEN}, token: short", "api.token: the token short is short, and fewer than 16"),
        (
            f"{LISTEN}, token: page, tls: {{certificate: /nowhere.pem, key: /nowhere.key}}",
            "api.tls: /nowhere.pem: ",
        ),
    ],
)
def test_what_is_allowed_and_likely_not_meant_is_a_warning(
    tmp_path: Path, section: str, warning: str, capsys: pytest.CaptureFixture[str]
) -> None:
    [said] = warnings(tmp_path, section, capsys)
    assert said.startswith(warning)
    assert "letmein" not in said


@pytest.mark.parametrize(
    "section", [f"{LISTEN}, token: page", "listen: 0.0.0.0:8733, token: page, tls: own", f"token_hash: {HASH}"]
)
def test_what_is_as_it_should_be_gets_none(tmp_path: Path, section: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert warnings(tmp_path, section, capsys) == []


def test_a_key_of_a_certificate_that_others_can_read_is_told_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = trustme.CA().issue_cert("glassd.local")
    certificate, key = tmp_path / "board.pem", tmp_path / "board.key"
    made.cert_chain_pems[0].write_to_path(certificate)
    made.private_key_pem.write_to_path(key)
    section = f"{LISTEN}, token: page, tls: {{certificate: {certificate}, key: {key}}}"
    key.chmod(0o640)
    assert warnings(tmp_path, section, capsys) == [f"api.tls.key: others can read {key}: chmod 600 {key}"]
    key.chmod(0o600)
    assert warnings(tmp_path, section, capsys) == []
