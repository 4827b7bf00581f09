import json
from pathlib import Path

import pytest

from canarygate.record_reader import read_records
from canarygate.records import RECORD_FIELDS, encode_record
from canarygate.runner.plugin import ledger
from canarygate.runner.plugin.ledger import Counts, Files, Ledger

LINE = encode_record((1.0, 1.0, 2.0, "Shopper/0", 1, "GET", "/a", 1000.0, 200, "ok", 2, 0))


def test_alone_a_process_counts_for_itself() -> None:
    mine = Ledger(Counts(started=3, returned=2, recorded=1, start=5.0, generator_cpu=0.5))

    assert {
        "started": 3,
        "returned": 2,
        "recorded": 1,
        "start": 5.0,
        "generator_cpu": 0.5,
        "generator_lag_seconds": None,
    }.items() <= mine.totals().items()


def test_a_master_sums_counts_and_keeps_the_first_start_and_the_worst_generator() -> None:
    master = Ledger()
    for worker, start, cpu, lag in (
        ("a", 7.0, 0.2, 0.03),
        ("b", 6.0, 0.9, 0.01),
        ("c", None, None, None),
    ):
        one = Counts(started=2, exceptions=1, users=5, start=start)
        one.generator_cpu, one.generator_lag_seconds = cpu, lag
        master.absorb(worker, Ledger(one).report(final=False))

    totals = master.totals()

    assert (6, 3, 15, 6.0, 0.9, 0.03) == tuple(
        totals[name]
        for name in (
            "started",
            "exceptions",
            "users",
            "start",
            "generator_cpu",
            "generator_lag_seconds",
        )
    )


def test_nothing_counted_is_none_and_no_made_up_number() -> None:
    totals = Ledger().totals()

    assert (None, None, None) == (
        totals["start"],
        totals["generator_cpu"],
        totals["generator_lag_seconds"],
    )


def test_a_report_hands_its_records_over_once() -> None:
    worker, master = Ledger(), Ledger()
    worker.rows += ["one", "two"]

    master.absorb("a", worker.report(final=False))
    master.absorb("a", worker.report(final=True))

    assert ["one", "two"] == master.take_rows()
    assert [] == master.take_rows()


def test_a_newer_report_replaces_a_workers_totals() -> None:
    """Counts are totals: adding each report up would count every request many times."""
    worker, master = Ledger(), Ledger()
    for _ in range(3):
        worker.counts.started += 1
        master.absorb("a", worker.report(final=False))

    assert 3 == master.totals()["started"]


def test_a_last_report_stays_the_last_one() -> None:
    """Locust's heartbeats may still bring an ordinary one after it."""
    worker, master = Ledger(), Ledger()
    master.absorb("a", worker.report(final=True))
    master.absorb("a", worker.report(final=False))
    master.absorb("b", worker.report(final=False))

    assert 1 == master.finals()


def test_the_watermark_is_the_report_of_the_slowest_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to there, and no further, the master has every record."""
    master = Ledger()
    for moment, worker in ((10.0, "a"), (11.0, "b"), (12.0, "b")):
        monkeypatch.setattr(ledger, "now", lambda moment=moment: moment)
        master.absorb(worker, Ledger().report(final=False))

    assert 10.0 == master.watermark()


def test_alone_the_watermark_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "now", lambda: 42.0)

    assert 42.0 == Ledger().watermark()


def test_the_files_grow_by_whole_records_and_the_status_comes_after_them(tmp_path: Path) -> None:
    status, records = tmp_path / "status.json", tmp_path / "canary_requests.csv"
    files = Files(folder=tmp_path, status=status, role="canary")
    files.flush([LINE], {"stage": "running"})
    seen_first = len(read_records(records))
    files.flush([], {"stage": "idle"})
    files.flush([LINE, LINE], {"stage": "final"})

    assert (1, 3) == (seen_first, len(read_records(records)))
    assert {"stage": "final"} == json.loads(status.read_text())
    assert encode_record(RECORD_FIELDS) + LINE * 3 == records.read_text("utf-8").replace(
        "\n", "\r\n"
    )
    files._records.close()  # in Locust it stays open until the process ends


def test_the_clock_of_the_records_only_goes_forward() -> None:
    moments = [ledger.now() for _ in range(100)]

    assert sorted(moments) == moments


def test_nothing_is_complete_past_an_answer_whose_record_is_still_to_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its record will say that it ended then: judged before, it would change what was certain."""
    monkeypatch.setattr(ledger, "now", lambda: 100.0)
    mine = Ledger(answered={"thought about": 98.0, "never recorded": 94.0})

    assert (98.0, 98.0) == (mine.watermark(), mine.report(final=False)["at"])

    mine.answered.clear()

    assert (100.0, 100.0) == (mine.watermark(), mine.report(final=False)["at"])
