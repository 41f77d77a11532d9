"""Drivers: cameras, buttons and displays. They know their device and nothing else; `contracts` says what they promise."""
