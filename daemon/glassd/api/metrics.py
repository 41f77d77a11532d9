"""GET /metrics: the status and what was counted, in the text format of Prometheus (docs/metrics.md).

Each reading puts the families together anew from what is there anyway: between two readings nothing is kept up for it.
prometheus_client is loaded by the first reading.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlsplit

from aiohttp import web

from glassd.late import loaded
from glassd.metering import BUCKETS_S
from glassd_drivers.contracts import DeviceState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from prometheus_client.metrics_core import Metric

    from glassd.config.schema import Config
    from glassd.metering import Histogram, Meter

_STATES: Final = tuple(state.value for state in DeviceState)


class House(Protocol):
    """What this needs of the daemon."""

    config: Config
    meter: Meter

    def status(self) -> dict[str, Any]:
        """Return how things stand, as JSON."""

    def links(self) -> dict[str, dict[str, int]]:
        """Return what each shared device counts of its packets, by its key."""


class Metrics:
    """The handler. `watching` tells how many watch each of the streams: `events`, `live`."""

    def __init__(self, house: House, watching: Callable[[], dict[str, int]]) -> None:
        self._house = house
        self._watching = watching

    async def metrics(self, request: web.Request) -> web.Response:
        """Return all of them, in the format that the reader asks for."""
        await loaded("prometheus_client")
        from prometheus_client import CollectorRegistry, ProcessCollector  # noqa: PLC0415  for those who read them
        from prometheus_client.exposition import choose_encoder  # noqa: PLC0415  likewise

        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        ProcessCollector(registry=registry)
        encode, media_type = choose_encoder(request.headers.get("Accept", ""))
        headers = {"Content-Type": media_type, "Cache-Control": "no-store"}
        return web.Response(body=encode(registry), headers=headers)

    def collect(self) -> Iterator[Metric]:
        """Yield each family, as a registry of prometheus_client wants them."""
        house = self._house
        status = house.status()
        names = _Names(house.config)
        yield from _asks(house.meter, names)
        yield from _spending(house.meter, status)
        yield from _queues(status)
        yield from _devices(house.meter, status, house.links())
        yield _info(status["version"])
        yield _gauge("paused", "Nothing is looked at, and nothing leaves.", status["state"] == "paused")
        yield _gauge("clock_known", "The date is known to be right.", status["clock"]["known"])
        yield _gauge("journal_trouble", "The disk takes nothing of the journal.", status["journal"]["trouble"])
        yield _gauges("watchers", "Who watches a stream now.", ["stream"], _each(self._watching()))


# -- what is told ------------------------------------------------------------------------------------------------------


def _asks(meter: Meter, names: _Names) -> Iterator[Metric]:
    from prometheus_client.core import HistogramMetricFamily  # noqa: PLC0415  it is loaded by now

    stages = HistogramMetricFamily(
        "glassd_ask_stage_seconds",
        "From the instant of an ask (a press' first edge) to each station that it reached.",
        labels=["lane", "stage"],
    )
    for (lane, stage), histogram in meter.stages.items():
        stages.add_metric([lane, stage], _buckets(histogram), histogram.sum_s)
    yield stages
    ended = _summed(((*key[:3], names.of(key[3])), count) for key, count in meter.asks.items())
    yield _counters("asks", "Asks that have ended.", ["origin", "outcome", "code", "endpoint"], ended)
    requests, retries = (
        _summed(((names.of(url),), count) for url, count in counts.items())
        for counts in (meter.requests, meter.retries)
    )
    yield _counters("requests", "Requests to endpoints that were begun.", ["endpoint"], requests)
    yield _counters("retries", "Of them those that were not their ask's first.", ["endpoint"], retries)
    failures = _summed(((names.of(url), code), count) for (url, code), count in meter.failures.items())
    yield _counters("request_failures", "Requests that failed.", ["endpoint", "code"], failures)


def _spending(meter: Meter, status: dict[str, Any]) -> Iterator[Metric]:
    yield _counters("tokens", "Tokens, as servers report them.", [], {(): meter.tokens})
    yield _counters("money", "What they cost, by the config's prices and in their currency.", [], {(): meter.money})
    spent: _Values = {}
    limits: _Values = {}
    for period, budget in status["budgets"].items():
        for what, amounts in budget.items():
            spent[period, what] = amounts["spent"]
            if amounts["limit"] is not None:
                limits[period, what] = amounts["limit"]
    yield _gauges("budget_spent", "Spent in this hour and this day, as budgets count it.", ["period", "what"], spent)
    yield _gauges("budget_limit", "What may be spent, where there is a limit.", ["period", "what"], limits)


def _queues(status: dict[str, Any]) -> Iterator[Metric]:
    outbox = status["outbox"] or {"waiting": 0, "perhaps_sent": 0}
    gateway = status["gateway"] or {"under_way": 0, "waiting": 0}
    waiting = {"wearer": status["waiting"], "gateway": gateway["waiting"], "outbox": outbox["waiting"]}
    yield _gauges("queue_length", "Asks that wait.", ["queue"], _each(waiting))
    yield _gauge("outbox_perhaps_sent", "Asks that go again only on the wearer's word.", outbox["perhaps_sent"])
    yield _gauge("answering", "An ask is under way or waits.", status["state"] == "answering")
    yield _gauge("gateway_under_way", "Asks of apps that are under way.", gateway["under_way"])
    skipped = _summed(((each["why"],), each["count"]) for each in status["skipped"])
    yield _counters("skipped", "Events that asked nothing.", ["why"], skipped)


def _devices(meter: Meter, status: dict[str, Any], links: dict[str, dict[str, int]]) -> Iterator[Metric]:
    states: _Values = {
        (device["name"], device["driver"], state): device["state"] == state
        for device in status["devices"]
        for state in _STATES
    }
    yield _gauges("device_state", "1 for the state that a device is in.", ["device", "driver", "state"], states)
    losses: _Values = {(device["name"],): meter.losses[device["name"]] for device in status["devices"]}
    yield _counters("device_losses", "How often a device that was ready was lost.", ["device"], losses)
    packets: _Values = {(link, kind): count for link, counts in links.items() for kind, count in counts.items()}
    yield _counters("link_packets", "Packets of a bridge's line in this life of it.", ["link", "kind"], packets)


# -- how it is written -------------------------------------------------------------------------------------------------

_Values = dict[tuple[str, ...], float]


class _Names:
    """What an endpoint is called: its name, or the host of its URL; two of one name are counted together."""

    def __init__(self, config: Config) -> None:
        self._names = {each.url: each.name for each in config.model.endpoints if each.name}

    def of(self, url: str) -> str:
        return self._names.get(url) or urlsplit(url).hostname or url


def _each(values: Mapping[str, float]) -> _Values:
    return {(name,): value for name, value in values.items()}


def _summed(values: Iterable[tuple[tuple[str, ...], float]]) -> _Values:
    sums: _Values = {}
    for key, value in values:
        sums[key] = sums.get(key, 0) + value
    return sums


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    ends = [*map(str, BUCKETS_S), "+Inf"]
    return [*zip(ends, accumulate(histogram.counts), strict=True)]


def _gauge(name: str, help_: str, value: float) -> Metric:
    return _gauges(name, help_, [], {(): value})


def _gauges(name: str, help_: str, labels: list[str], values: _Values) -> Metric:
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415  it is loaded by now

    family = GaugeMetricFamily(f"glassd_{name}", help_, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _counters(name: str, help_: str, labels: list[str], values: _Values) -> Metric:
    from prometheus_client.core import CounterMetricFamily  # noqa: PLC0415  likewise

    family = CounterMetricFamily(f"glassd_{name}", help_, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _info(version: str) -> Metric:
    from prometheus_client.core import InfoMetricFamily  # noqa: PLC0415  likewise

    return InfoMetricFamily("glassd_build", "Which glassd this is.", {"version": version})
