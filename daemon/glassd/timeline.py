"""The time line of one ask, for a person: its stations in milliseconds from the event that it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glassd.events import Facts

_STATIONS = {
    "gesture": "begun",
    "frame": "frame",
    "body": "body built",
    "connected": "connected",
    "sent": "request sent",
    "first_delta": "first word",
    "first_screen": "on display",
    "done": "done",
}
_STARTS = {"scene": "change", "interval": "interval", "time": "time", "start": "start", "api": "ask", "cli": "ask"}


def time_line(ask: Facts) -> list[str]:
    """Return one line a station that the ask reached; `ask` is an event of that kind."""
    start = _STARTS.get(ask.get("origin", ""), "press")
    lines = [f"{start:<12}      0 ms"]
    for key, name in _STATIONS.items():
        if key not in ask["times_s"]:
            continue
        line = f"{name:<12} {ask['times_s'][key] * 1000:6.0f} ms"
        if key == "frame" and (offset := ask["frame_offset_s"]) is not None:
            side = "before" if offset <= 0 else "after"
            line += f"   (taken {abs(offset) * 1000:.0f} ms {side} the {start})"
        lines.append(line)
    return lines
