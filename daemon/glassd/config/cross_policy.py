"""What budgets, journal and outbox need of each other and of the endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassd.config.mistakes import readable
from glassd.config.policy import Budget, Outbox
from glassd.config.tree import Mapping, Scalar, child, dotted, items_of

if TYPE_CHECKING:
    from glassd.config.mistakes import Mistakes, Place


def check_policy(root: Mapping, mistakes: Mistakes) -> None:
    """Note each budget that another one forestalls or that nothing counts up, and a key that has two uses."""
    for name in Budget.model_fields:
        _check_day(root, name, mistakes)
    _check_money(root, mistakes)
    _check_outbox_key(root, mistakes)


def _check_day(root: Mapping, name: str, mistakes: Mistakes) -> None:
    """Note a day's budget that is smaller than the hour's, which then never counts."""
    hour, day = (child(root, "budgets", span, name) for span in ("hour", "day"))
    most, whole = _number(hour), _number(day)
    if isinstance(hour, Scalar) and isinstance(day, Scalar) and most is not None and whole is not None and whole < most:
        text = f"expected at least as much as an hour may spend, {hour.text} ({_line(hour.place, day.place)})"
        mistakes.add(day.place, dotted(("budgets", "day", name)), f"{text}, got {readable(day.text)}")


def _check_money(root: Mapping, mistakes: Mistakes) -> None:
    """Note a budget of money where no endpoint says what it costs."""
    endpoints = [node for _, node in items_of(root, "model", "endpoints")]
    unsure = any(not isinstance(node, Mapping) or node.torn for node in endpoints)
    if not endpoints or unsure or any(child(node, "price") is not None for node in endpoints):
        return
    for span in ("hour", "day"):
        money = child(root, "budgets", span, "money")
        if _number(money) is not None and isinstance(money, Scalar):
            text = "expected a price: at the endpoints that cost something, no endpoint has one"
            mistakes.add(money.place, dotted(("budgets", span, "money")), text)


def _check_outbox_key(root: Mapping, mistakes: Mistakes) -> None:
    """Note the outbox's key where something else goes by its name: it is made by setup, and is nobody's login."""
    outbox = root.entries.get("outbox")
    if outbox is None or not isinstance(outbox.node, Mapping):
        return
    key = child(outbox.node, "key")
    name = key.text if isinstance(key, Scalar) and isinstance(key.value, str) else Outbox.model_fields["key"].default
    users = [(*path, "key") for path, _ in items_of(root, "model", "endpoints")]
    users += [(*path, "proxy_login") for path, _ in items_of(root, "model", "endpoints")]
    for path in (*users, ("camera", "login"), ("api", "token"), ("gateway", "token")):
        other = child(root, *path)
        if isinstance(other, Scalar) and other.value == name:
            place = key.place if key is not None else outbox.place
            where = f"{dotted(path)} ({_line(other.place, place)})"
            text = f"expected a credential of its own, {where} has {readable(name)}"
            mistakes.add(place, dotted(("outbox", "key")), text)
            return


def _number(node: object) -> float | None:
    if isinstance(node, Scalar) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return float(node.value)
    return None


def _line(there: Place, here: Place) -> str:
    """Return where something stands, as one who reads at another place needs it."""
    return f"line {there.line}" if there.file == here.file else str(there)
