"""The virtual board: a guest with Debian's kernel and systemd, and hardware that the host pretends to have."""
