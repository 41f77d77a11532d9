"""Drivers: cameras, buttons and displays. They know their device and nothing else.

`contracts` is the page that says what they promise.
"""
