"""`glassd check`: every mistake of a config at once, or a summary of what it sets up."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassd.service.paths import default_config, state_to_read

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from glassd.config.load import Loaded
    from glassd.config.schema import Config


SAFE_TOKEN_CHARS = 16
"""A token of fewer could be guessed: whoever brings a token in a header is not slowed down."""


def add(subparsers: Any) -> None:
    """Add the subcommand."""
    text = "tell every mistake of a config, or what it sets up"
    parser = subparsers.add_parser("check", help=text, description=text)
    parser.add_argument(
        "file",
        type=Path,
        nargs="?",
        metavar="FILE",
        help="a config, with conf.d/*.yaml beside it; without one, what a start would take: /etc/glassd/glassd.yaml "
        "with what was changed on the page over it",
    )
    parser.add_argument(
        "--merged", action="store_true", help="print the layers as one file, with where each value is from"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", help="a value over the file's: log.level=debug"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Return 0 for a good config, 2 for one with mistakes, which go to stderr one a line."""
    from glassd.config.load import ConfigError, load  # noqa: PLC0415  a light start: see the package
    from glassd.config.settings import EDITS_NAME, Settings  # noqa: PLC0415  likewise

    settings = Settings(default_config(), args.set, state_to_read() / EDITS_NAME)
    try:
        loaded = settings.load() if args.file is None else load(args.file, overrides=args.set)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    if args.merged:
        print(loaded.merged(), end="")
    else:
        for line in _summary(loaded.config):
            print(line)
    for warning in (*_warnings(loaded), *filter(None, [settings.trouble])):
        print(f"warning: {warning}", file=sys.stderr)
    return 0


def _summary(config: Config) -> Iterator[str]:
    for number, endpoint in enumerate(config.model.endpoints, 1):
        models = [f"{use} {name}" for use in ("vision", "text") if (name := getattr(endpoint, use))]
        key = [f"key {endpoint.key}"] if endpoint.key else []
        price = [f"{endpoint.price.input:g} and {endpoint.price.output:g} a million tokens"] if endpoint.price else []
        name = f" ({endpoint.name})" if endpoint.name else ""
        yield f"model {number}{name}: {', '.join([endpoint.url, *models, *key, *price])}"
    yield f"camera: {config.camera.driver}, {config.camera.capture}" if config.camera else "camera: none"
    yield f"buttons: {', '.join(device.driver for device in config.buttons) or 'none'}"
    displays = (f"{one.driver} as {one.profile}" if one.profile else one.driver for one in config.displays)
    yield f"displays: {', '.join(displays) or 'none'}"
    from glassd.cli.check_buttons import without_trigger  # noqa: PLC0415  a light start: see the package
    from glassd.cli.check_triggers import policy_lines, trigger_lines  # noqa: PLC0415  likewise

    yield from trigger_lines(config)
    if unused := without_trigger(config):
        yield f"without a trigger: {', '.join(unused)}"
    yield from policy_lines(config)
    if config.api.listen:
        yield f"api: {'https' if config.api.tls else 'http'}://{config.api.listen}{_OPEN if config.api.open else ''}"
    if config.gateway:
        yield f"gateway: {config.gateway.listen}{'' if config.gateway.token else _OPEN}"
    if config.allow_hosts is not None:
        yield f"sends only to: {', '.join(config.allow_hosts) or 'nobody'}"
    yield "no mistakes"


_OPEN = ", open to all on this machine"


def _warnings(loaded: Loaded) -> Iterator[str]:
    from glassd.cli.check_buttons import lost_to_repeats  # noqa: PLC0415  a light start: see the package
    from glassd.cli.check_pictures import no_room_for_earlier, unreachable_budgets  # noqa: PLC0415  likewise

    yield from loaded.warnings
    for find in (
        lost_to_repeats,
        unreachable_budgets,
        no_room_for_earlier,
        _missing_keys,
        _outbox_key,
        _missing_files,
        _certificate,
        _weak_token,
    ):
        yield from find(loaded.config)


def _missing_keys(config: Config) -> Iterator[str]:
    """Yield what is wrong with each key that the config names: no mistake of the file, for it may come at run time."""
    from glassd.config.keys import KeyMissingError, find_key  # noqa: PLC0415  a light start: see the package

    named: list[tuple[str, str | None]] = []
    for index, endpoint in enumerate(config.model.endpoints):
        where = f"model.endpoints.{index}"
        named += [(f"{where}.key", endpoint.key), (f"{where}.proxy_login", endpoint.proxy_login)]
    login = getattr(config.camera.options, "login", None) if config.camera else None  # of a camera in the network
    named += [("camera.login", login if isinstance(login, str) else None)]
    named += [("api.token", config.api.token), ("gateway.token", config.gateway.token if config.gateway else None)]
    for path, name in named:
        if name is not None:
            try:
                find_key(name)
            except KeyMissingError as error:
                yield f"{path}: {error}"


def _outbox_key(config: Config) -> Iterator[str]:
    """Yield why nothing can wait in the outbox."""
    from glassd.config import keys  # noqa: PLC0415  a light start: see the package

    if config.outbox is None:
        return
    try:
        if keys.is_outbox_key(keys.find_key(config.outbox.key)):
            return
        why = f"is not {keys.OUTBOX_KEY_BYTES} bytes as base64"
    except (keys.KeyUnsafeError, keys.KeyUnusableError) as error:
        why = f"cannot be used: {error}"
    except keys.KeyMissingError:
        why = "is not there"
    yield f"outbox.key: the key {config.outbox.key} {why}, so nothing can wait; `glassd setup` makes one (docs/keys.md)"


def _missing_files(config: Config) -> Iterator[str]:
    """Yield each file of certificates that is not there, yet."""
    for index, endpoint in enumerate(config.model.endpoints):
        if endpoint.ca is not None and not Path(endpoint.ca).is_file():
            yield f"model.endpoints.{index}.ca: there is no file {endpoint.ca}"


def _certificate(config: Config) -> Iterator[str]:
    """Yield what is wrong with the files of a certificate: no mistake of the config, for they may come later."""
    files = config.api.tls
    if files is None or files == "own":
        return
    import time  # noqa: PLC0415  only where there are any

    from glassd.api.tls import TlsError, context_of, validity  # noqa: PLC0415  likewise

    certificate, key = Path(files.certificate), Path(files.key)
    try:
        context_of(certificate, key)
        if told := validity(certificate, time.time()):
            yield f"api.tls: {told}"
        if key.stat().st_mode & 0o077:
            yield f"api.tls.key: others can read {key}: chmod 600 {key}"
    except TlsError as error:
        yield f"api.tls: {error}"


def _weak_token(config: Config) -> Iterator[str]:
    """Yield that a token can be guessed, where it can be read at all."""
    from glassd.config.keys import KeyMissingError, find_key  # noqa: PLC0415  a light start: see the package

    if config.api.token is not None:
        try:
            if len(find_key(config.api.token)) < SAFE_TOKEN_CHARS:
                few = f"fewer than {SAFE_TOKEN_CHARS} characters can be guessed"
                yield f"api.token: the token {config.api.token} is short, and {few}: `glassd token` makes another"
        except KeyMissingError:
            """That is told of itself."""
