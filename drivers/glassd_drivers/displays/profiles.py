"""The facts of the displays that glassd knows by name. Third parties add theirs through the group `glassd.profiles`.

Where a source has no figure for columns and rows, they are ours: so many that a Han character is about as large as the
display's own type.
"""

from __future__ import annotations

from glassd_drivers.contracts import Area, Profile

GLASS3 = Profile("glass3", 30, 10, 0.2, width=480, height=640, safe=Area(0, 80, 480, 480))
"""Rokid Glass3: 480x640 pixels, portrait, one colour, of which the upper and lower 80 rows are no safe place for text.

In the 480x480 that remain, type of 32 px (a half-width cell of 16 px) makes 30 columns; 10 rows of 45 px leave a band
of 30 px for the signs. Updates closer than 0.2 s were seen to pile up on glasses of this kind (Mentra's SDK keeps 200
to 300 ms between two). Sources: GlassKit's documents for the Glass3 display; infosys-reduxel/rokid-docs; MentraOS.
"""

EVEN_G1 = Profile("even_g1", 46, 5, 0.3, width=576, height=136, safe=Area(44, 0, 488, 136), font=21)
"""Even Realities G1: text 488 px wide in type of 21 px, five lines a screen; bitmaps of 576x136 in one bit.

46 columns are 23 Han characters of 21 px. Where in the bitmap's width the text stands is not said: taken as its middle.
Each packet is acknowledged, first by the left arm, then by the right one. Source: EvenDemoApp.
"""

FRAME = Profile("frame", 40, 8, 0.2, width=640, height=400)
"""Brilliant Labs Frame: 640x400 pixels in 16 colours, no word wrap. Columns and rows are ours: type of 32 px."""

Z100 = Profile("z100", 30, 7, 0.3, width=390)
"""Vuzix Z100: text 390 px wide, seven lines. Columns are ours: type of 26 px. Source: MentraOS."""

TERMINAL = Profile("terminal", columns=60, rows=12, interval=0.05)
"""A terminal window: with its frame it leaves ten lines of a window of 80x24 for the log."""

PLAIN = Profile("plain", columns=80, rows=24, interval=0.05)
"""80 by 24 cells, as terminals and programs that read lines have them."""

SPEECH = Profile("speech", columns=1000, rows=1000, interval=0.1)
"""For what is spoken, which has no width: lines end only where the text's own end, and one page holds an answer."""
