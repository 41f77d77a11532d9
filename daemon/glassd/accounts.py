"""What is spent, what waits, what is kept and what was not asked, for the status: facts, never a word of an ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import asdict

from glassd.config.events import At

if TYPE_CHECKING:
    from glassd.config.policy import Budget
    from glassd.config.schema import Config
    from glassd.scheduler.machine import Scheduler
    from glassd.scheduler.runner import Runner
    from glassd.spending import Amounts


def accounts(config: Config, runner: Runner, *, takes_asks: bool, trouble: bool) -> dict[str, Any]:
    """Return them as JSON. `takes_asks`: the outbox is open; `trouble`: the disk takes nothing of the journal."""
    scheduler = runner.scheduler
    spent, limits = scheduler.spent, config.budgets
    outbox = {"open": takes_asks, "waiting": scheduler.queued, "perhaps_sent": scheduler.perhaps_sent}
    return {
        "clock": {"known": runner.clock_known, "holds_up": [] if runner.clock_known else waits_for_date(config)},
        "budgets": {"hour": _budget(spent.hour, limits.hour), "day": _budget(spent.day, limits.day)},
        "waiting": scheduler.waiting,
        "outbox": outbox if config.outbox is not None or scheduler.queued else None,
        "journal": {"keep": config.journal.keep, "trouble": trouble},
        "skipped": [
            {"trigger": trigger, "why": why, "count": count} for (trigger, why), count in runner.skips.most_common()
        ],
    }


def gateway(config: Config, scheduler: Scheduler, *, listens: bool) -> dict[str, Any] | None:
    """Return how the gateway stands, None where the config has none. `listens`: it has its address."""
    if (section := config.gateway) is None:
        return None
    under_way, waiting = scheduler.gateway_asks
    return {"listen": section.listen, "listening": listens, "under_way": under_way, "waiting": waiting}


def waits_for_date(config: Config) -> list[str]:
    """Return what waits until the date is known: times of the day, and the turn of an hour's and a day's budget."""
    held = [str(trigger.when) for trigger in config.triggers if isinstance(trigger.when, At)]
    held += [
        str(condition) for trigger in config.triggers for condition in trigger.condition if condition.fact == "between"
    ]
    limits = (config.budgets.hour, config.budgets.day)
    return [*dict.fromkeys(held), *("budgets",) * any(limit.model_fields_set for limit in limits)]


def _budget(spent: Amounts, limits: Budget) -> dict[str, Any]:
    return {what: {"spent": amount, "limit": getattr(limits, what)} for what, amount in asdict(spent).items()}
