"""What is spent, what waits, what is kept and what was not asked, for the status: facts, never a word of an ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict

if TYPE_CHECKING:
    from glassd.config.policy import Budget
    from glassd.config.schema import Config
    from glassd.scheduler.runner import Runner
    from glassd.spending import Amounts


def accounts(config: Config, runner: Runner, *, takes_asks: bool, trouble: bool) -> dict[str, Any]:
    """Return them as JSON. `takes_asks`: the outbox is open; `trouble`: the disk takes nothing of the journal."""
    scheduler = runner.scheduler
    spent, limits = scheduler.spent, config.budgets
    outbox = {"open": takes_asks, "waiting": scheduler.queued, "perhaps_sent": scheduler.perhaps_sent}
    return {
        "budgets": {"hour": _budget(spent.hour, limits.hour), "day": _budget(spent.day, limits.day)},
        "outbox": outbox if config.outbox is not None or scheduler.queued else None,
        "journal": {"keep": config.journal.keep, "trouble": trouble},
        "skipped": [
            {"trigger": trigger, "why": why, "count": count} for (trigger, why), count in runner.skips.most_common()
        ],
    }


def _budget(spent: Amounts, limits: Budget) -> dict[str, Any]:
    return {what: {"spent": amount, "limit": getattr(limits, what)} for what, amount in asdict(spent).items()}
