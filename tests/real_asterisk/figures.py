"""The figures of a node as Prometheus would get them."""

import base64
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping

from prometheus_client.parser import text_string_to_metric_families

from config.settings import Settings
from scripts.asterisk_config import secret

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def addresses(settings: Settings) -> dict[str, str]:
    """Job of config/monitoring/prometheus.yml -> where its figures are."""
    health, host = settings.health, settings.health_host
    return {
        "l110-bridge": f"http://{host}:{health.port}",
        "l110-watch": f"http://{host}:{health.watch_port}",
        "l110-forward": f"http://{host}:{health.forward_port}",
        "l110-worker": f"http://{host}:{health.worker_port}",
        "l110-keep": f"http://{host}:{health.keep_port}",
        "l110-asterisk": f"http://{settings.http.host}:{settings.http.port}",
    }


def get(url: str, password: str = "") -> str:
    request = urllib.request.Request(url)
    if password:
        told = base64.b64encode(f"l110:{password}".encode()).decode()
        request.add_header("Authorization", f"Basic {told}")
    with urllib.request.urlopen(request, timeout=5) as answer:
        body: bytes = answer.read()
    return body.decode()


def status_of(url: str, password: str = "") -> int:
    """200 or the refusal."""
    try:
        get(url, password)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code
    return 200


def pages(settings: Settings) -> dict[str, str]:
    """Job -> the text of its /metrics."""
    password = secret(settings.secret_path("asterisk-metrics"))
    return {
        job: get(f"{where}/metrics", password if job == "l110-asterisk" else "")
        for job, where in addresses(settings).items()
    }


def series(text: str) -> Iterator[tuple[str, Mapping[str, str], float]]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value


def total(text: str, name: str, **labels: str) -> float:
    """The sum over all series of that name with these labels."""
    return sum(
        value
        for found, about, value in series(text)
        if found == name and labels.items() <= about.items()
    )


def by(text: str, name: str, label: str) -> dict[str, float]:
    sums: defaultdict[str, float] = defaultdict(float)
    for found, about, value in series(text):
        if found == name:
            sums[about[label]] += value
    return dict(sums)
