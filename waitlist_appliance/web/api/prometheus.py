"""The families of services/metrics.py in Prometheus's text format. Imported at the first scrape, as most boxes have none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from waitlist_appliance.services.metrics import Family

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4


def render(families: Iterable[Family], worker_pid: int | None) -> bytes:
    """The families, the web process's own memory, time and files, and the worker's while it lives."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(families))
    _Process(registry=registry)
    if worker_pid is not None:
        _Process(namespace="waitlist_worker", pid=lambda: worker_pid, registry=registry)
    return generate_latest(registry)


class _Families(Collector):
    def __init__(self, families: Iterable[Family]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[Metric]:
        return map(_metric, self._families)

    def describe(self) -> Iterable[Metric]:
        """Nothing: otherwise the registry would collect once more to learn the names."""
        return ()


class _Process(ProcessCollector):
    def _boot_time(self) -> float:
        """Not from /proc/stat, which the service does not see (ProcSubset=pid)."""
        return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def _metric(family: Family) -> Metric:
    labels = list(family.samples[0].labels) if family.samples else []
    if family.kind == "summary":
        summary = SummaryMetricFamily(family.name, family.help, labels=labels)
        for sample in family.samples:
            summary.add_metric(list(sample.labels.values()), count_value=sample.count, sum_value=sample.value)
        return summary
    make: Callable[..., CounterMetricFamily | GaugeMetricFamily] = (
        CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    )
    found = make(family.name, family.help, labels=labels)
    for sample in family.samples:
        found.add_metric(list(sample.labels.values()), sample.value)
    return found
