"""glassd: a press, the frame that was in view, an answer that grows on the glasses' display."""

__version__ = "0.1.0"
