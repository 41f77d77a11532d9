"""The time line of one ask, for a person: its stations in milliseconds from the press or the scene change."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glassd.events import Event

_STATIONS = {"frame": "frame", "sent": "request sent", "first_delta": "first word", "done": "done"}


def time_line(ask: Event) -> list[str]:
    """Return one line a station that the ask reached; `ask` is an event of that kind."""
    start = "change" if ask.get("origin") == "scene" else "press"
    lines = [f"{start:<12}      0 ms"]
    for key, name in _STATIONS.items():
        if key in ask["times_s"]:
            lines.append(f"{name:<12} {ask['times_s'][key] * 1000:6.0f} ms")
    if (offset := ask["frame_offset_s"]) is not None:
        side = "before" if offset <= 0 else "after"
        lines[1] += f"   (taken {abs(offset) * 1000:.0f} ms {side} the {start})"
    return lines
