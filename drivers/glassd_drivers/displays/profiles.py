"""The facts of the displays that glassd knows by name. Third parties add theirs through the group `glassd.profiles`."""

from __future__ import annotations

from glassd_drivers.contracts import Profile

GLASS3 = Profile("glass3", columns=30, rows=10, interval=0.2)
"""Rokid Glass3: 480x640 pixels, portrait, one colour, of which the upper and lower 80 rows are no safe place for text.

In the 480x480 that remain, type of 32 px (a half-width cell of 16 px) on lines of 48 px makes 30 columns and 10 rows.
Updates closer than 0.2 s were seen to pile up on glasses of this kind (Mentra's SDK keeps 200 to 300 ms between two).
Sources: GlassKit's documents for the Glass3 display; MentraOS.
"""

TERMINAL = Profile("terminal", columns=60, rows=12, interval=0.05)
"""A terminal window: with its frame it leaves ten lines of a window of 80x24 for the log."""
