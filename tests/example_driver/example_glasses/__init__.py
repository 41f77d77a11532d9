"""Drivers for a pair of glasses that speaks JSON lines over TCP."""
