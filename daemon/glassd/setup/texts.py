"""Everything that setup says, in one language: a line fits 80 columns, and has no words of the trade."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class FileTexts:
    """The comments in the config that setup writes, and what stands in it in the wearer's language."""

    head: str
    model: str
    key: str
    vision: str
    text: str
    both: str
    reader: str
    instructions_comment: str
    instructions: str
    camera: str
    latency: str
    no_camera: str
    buttons: str
    grab: str
    no_buttons: str
    displays: str
    no_displays: str
    triggers: str
    no_triggers: str
    outbox: str
    language: str
    what: str
    read: str
    translate: str
    describe: str


@dataclass(frozen=True, slots=True)
class Texts:
    """What is asked and told. `{}` stand for what is filled in."""

    file: FileTexts
    # asking
    welcome: str
    only_english: str
    kept_file_broken: str
    found: str
    nothing: str
    roles: Mapping[str, str]
    bridge: str
    greeting: str
    bridge_has: str
    no_bridge: str
    choose: str
    number: str
    plain: str
    # the model
    service: str
    services: Mapping[str, str]
    reader_anyway: str
    url: str
    bad_url: str
    vision: str
    text: str
    key: str
    key_or_kept: str
    key_optional: str
    key_taken: str
    key_unusable: str
    no_key_in_clear: str
    # devices
    camera: str
    camera_later: str
    none_camera: str
    buttons: str
    any_input: str
    buttons_later: str
    none_buttons: str
    lines_of: str
    line: str
    line_optional: str
    bad_line: str
    press: str
    pressed: str
    not_pressed: str
    key_for: str
    bad_key: str
    display: str
    screen: str
    framebuffer: str
    serial: str
    terminal: str
    bad_terminal: str
    none_display: str
    buttons_names: Mapping[str, str]
    # presses
    gestures: Mapping[str, str]
    scene_change: str
    every: str
    daily: str
    at_start: str
    condition: str
    action: str
    actions: Mapping[str, str]
    own: str
    # the end
    summary: str
    sections: Mapping[str, str]
    as_it_is: str
    change: str
    mistakes: str
    is_there: str
    replace: str
    not_replaced: str
    # doing
    wrote: str
    unchanged: str
    old_kept: str
    stored_key: str
    made_outbox_key: str
    odd_outbox_key: str
    wrote_terminal: str
    removed_terminal: str
    wrote_drop_in: str
    removed_drop_in: str
    recorded: str
    starting: str
    started: str
    not_started: str
    its_log: str
    no_systemd: str
    own_terminal: str
    next_start: str
    next_test: str
    picture: str
    no_picture: str
    answer: str
    no_answer: str
    stood_in: str
    hold_before_display: str
    measure: str
    measuring: str
    measured: str
    not_measured: str
    not_measured_why: Mapping[str, str]
    latency_by_hand: str
    done: str
    mend: str
    undone: str
