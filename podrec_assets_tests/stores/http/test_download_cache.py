"""Audio arrives whole or not at all, goes on where it broke off, and keeps to its limits of hosts,
time and disk.
"""

import gzip
import hashlib
import os
import threading
import time

import pytest

from podrec_assets.errors import FetchFailedError, FetchRefusedError, UnusableInputError
from podrec_assets.stores.http.client import Fetcher
from podrec_assets.stores.http.download_cache import DiskBudgetError, DownloadCache
from podrec_assets.stores.http.host_scheduler import HostScheduler
from podrec_assets.stores.http.resumable import partial_path
from podrec_assets_tests.loopback import File, endless, reply

LIMIT = 1_000_000
SOUND = bytes(range(256)) * 1000


def fetcher(origin: str, timeout_s: float = 5) -> Fetcher:
    return Fetcher(frozenset({origin}), timeout_s, 1000, timeout_s)


def downloads(origin: str, folder, **more) -> DownloadCache:
    settings = {"max_bytes": LIMIT, "disk_bytes": 10 * LIMIT, "gap_s": 0.0}
    return DownloadCache(fetcher(origin), folder, **{**settings, **more})


def test_a_download_is_whole_with_its_digest_and_leaves_no_part(server, tmp_path):
    origin, answers = server
    answers["/a.mp3"] = File(SOUND)
    got = fetcher(origin).download(f"http://{origin}/a.mp3", tmp_path / "a", LIMIT)
    assert (got.path, got.size_bytes, got.content_type) == (tmp_path / "a", 256_000, "audio/mpeg")
    assert got.path.read_bytes() == SOUND
    assert got.sha256 == hashlib.sha256(SOUND).hexdigest()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "a.json"]


def test_a_broken_off_download_goes_on_where_it_stopped(server, tmp_path):
    origin, answers = server
    answers["/a"] = served = File(SOUND, cut=100_000)
    with pytest.raises(FetchFailedError, match="ended early"):
        fetcher(origin).download(f"http://{origin}/a", tmp_path / "a", LIMIT)
    assert not (tmp_path / "a").exists()
    assert partial_path(tmp_path / "a").stat().st_size == 100_000
    got = fetcher(origin).download(f"http://{origin}/a", tmp_path / "a", LIMIT)
    assert got.path.read_bytes() == SOUND
    assert (got.content_type, got.sha256) == ("audio/mpeg", hashlib.sha256(SOUND).hexdigest())
    assert served.ranges == [None, "bytes=100000-"]


def test_a_file_that_changed_meanwhile_is_fetched_anew(server, tmp_path):
    origin, answers = server
    answers["/a"] = File(SOUND, cut=100_000)
    with pytest.raises(FetchFailedError):
        fetcher(origin).download(f"http://{origin}/a", tmp_path / "a", LIMIT)
    answers["/a"] = File(SOUND[::-1], etag='"2"')
    assert (
        fetcher(origin).download(f"http://{origin}/a", tmp_path / "a", LIMIT).path.read_bytes()
        == SOUND[::-1]
    )


@pytest.mark.parametrize(
    "headers", [{"ETag": '"2"'}, {"Content_Range": "bytes 5-9/10"}, {"Content_Range": "nonsense"}]
)
def test_a_part_that_does_not_fit_is_never_glued_on(server, tmp_path, headers):
    origin, answers = server
    answers["/a"] = File(SOUND, cut=100_000)
    with pytest.raises(FetchFailedError):
        fetcher(origin).download(f"http://{origin}/a", tmp_path / "a", LIMIT)
    range_of = {"Content_Range": f"bytes 100000-{len(SOUND) - 1}/{len(SOUND)}", "ETag": '"1"'}
    wrong = reply(b"?" * (len(SOUND) - 100_000), 206, **{**range_of, **headers})
    answers["/a"] = lambda h: wrong(h) if h.headers["Range"] else File(SOUND)(h)
    assert (
        fetcher(origin).download(f"http://{origin}/a", tmp_path / "a", LIMIT).path.read_bytes()
        == SOUND
    )


def test_a_part_that_was_whole_already_is_taken(server, tmp_path):
    origin, answers = server
    answers["/a"] = File(SOUND, cut=100_000)
    with pytest.raises(FetchFailedError):
        fetcher(origin).download(f"http://{origin}/a", tmp_path / "a", LIMIT)
    partial_path(tmp_path / "a").write_bytes(SOUND)
    assert (
        fetcher(origin).download(f"http://{origin}/a", tmp_path / "a", LIMIT).path.read_bytes()
        == SOUND
    )


def test_a_file_over_the_limit_is_refused_and_leaves_nothing(server, tmp_path):
    origin, answers = server
    answers["/declared"], answers["/endless"] = File(SOUND), endless
    answers["/bomb"] = reply(gzip.compress(b"\0" * 2_000_000), Content_Encoding="gzip")
    for path in ("/declared", "/endless", "/bomb"):
        with pytest.raises(
            FetchRefusedError, match="more than 200000 bytes; PODREC_AUDIO_MAX_BYTES"
        ):
            fetcher(origin).download(f"http://{origin}{path}", tmp_path / "a", 200_000)
    assert list(tmp_path.iterdir()) == []


def test_the_limit_holds_over_all_parts_together(server, tmp_path):
    origin, answers = server
    answers["/a"] = File(SOUND, cut=150_000)
    with pytest.raises(FetchFailedError):
        fetcher(origin).download(f"http://{origin}/a", tmp_path / "a", LIMIT)
    with pytest.raises(FetchRefusedError, match="more than 200000"):
        fetcher(origin).download(f"http://{origin}/a", tmp_path / "a", 200_000)


def test_a_private_address_is_refused_for_audio_too(server, tmp_path):
    origin, answers = server
    answers["/a"] = reply(status=302, Location="http://169.254.169.254/latest/meta-data/")
    with pytest.raises(FetchRefusedError, match="not public"):
        fetcher(origin).download(f"http://{origin}/a", tmp_path / "a", LIMIT)


def test_one_bad_address_in_a_batch_takes_no_other_along(server, tmp_path):
    origin, answers = server
    for name in "abc":
        answers[f"/{name}"] = File(name.encode() * 1000)
    answers["/page"] = reply(b"<html>sorry", Content_Type="text/html; charset=utf-8")
    urls = {name: f"http://{origin}/{name}" for name in ("a", "gone", "b", "page", "c")} | {
        "file": "file:///etc/passwd"
    }
    got = dict(downloads(origin, tmp_path).fetch(urls.items()))
    assert {k: g.path.read_bytes()[:1] for k, g in got.items() if k in "abc"} == {
        "a": b"a",
        "b": b"b",
        "c": b"c",
    }
    assert isinstance(got["file"], FetchRefusedError)
    assert (got["gone"].reason, got["page"].reason) == ("http_404", "not_audio")
    assert isinstance(got["page"], UnusableInputError)


def test_two_episodes_with_one_enclosure_are_one_download_and_a_finished_file_is_used_again(
    server, tmp_path
):
    origin, answers = server
    answers["/a"] = served = File(SOUND)
    url = f"http://{origin}/a"
    got = dict(downloads(origin, tmp_path).fetch([(1, url), (2, url)]))
    again = dict(downloads(origin, tmp_path).fetch([(3, url)]))
    assert got[1] == got[2] == again[3]
    assert got[1].path.name == hashlib.sha256(url.encode()).hexdigest()
    assert served.ranges == [None]


def test_no_more_downloads_than_allowed_run_at_once(server, tmp_path):
    origin, answers = server
    lock, running, most = threading.Lock(), [0], [0]

    def slow(handler):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.05)
        with lock:
            running[0] -= 1
        File(b"x" * 100)(handler)

    answers |= {f"/{n}": slow for n in range(12)}
    items = [(n, f"http://{origin}/{n}") for n in range(12)]
    assert len(dict(downloads(origin, tmp_path, parallel=8, per_host=3).fetch(items))) == 12
    assert most[0] == 3


def test_hosts_take_turns_and_are_left_alone_for_the_gap():
    turns = HostScheduler(["http://a/1", "http://a/2", "http://a/3", "http://b/1"], per_host=2, gap_s=10)
    started = []
    for now in (0, 0, 0, 9, 10, 20):
        if url := turns.due(now):
            turns.start(url, now)
            started.append((now, url))
    assert started == [(0, "http://a/1"), (0, "http://b/1"), (10, "http://a/2")]
    assert turns.next_at() == float("inf")
    turns.end("http://a/2", 21, pause_s=30)
    assert (turns.due(50), turns.next_at(), turns.due(51)) == (None, 51, "http://a/3")


def test_the_folder_keeps_to_its_budget_and_the_least_recently_used_go_first(server, tmp_path):
    origin, answers = server
    answers |= {f"/{n}": File(b"%d" % n * 100_000) for n in range(6)}
    batch = downloads(origin, tmp_path, max_bytes=100_000, disk_bytes=350_000, parallel=1)
    paths = {}
    for n in range(6):
        for key, got in batch.fetch([(n, f"http://{origin}/{n}")]):
            paths[key] = got.path
            os.utime(got.path, (n, n))
            batch.release(got)
        if n == 2:  # the first is used again
            batch.release(dict(batch.fetch([(0, f"http://{origin}/0")]))[0])
    assert [n for n in range(6) if paths[n].exists()] == [0, 4, 5]
    assert sum(p.stat().st_size for p in tmp_path.iterdir()) <= 350_000


def test_a_file_in_use_is_never_evicted(server, tmp_path):
    origin, answers = server
    answers |= {f"/{n}": File(b"%d" % n * 100_000) for n in range(3)}
    batch = downloads(origin, tmp_path, max_bytes=100_000, disk_bytes=210_000, parallel=1)
    held = dict(batch.fetch((n, f"http://{origin}/{n}") for n in range(3)))
    assert isinstance(held.pop(2), DiskBudgetError)
    assert all(got.path.exists() for got in held.values())
    for got in held.values():
        batch.release(got)
    assert dict(batch.fetch([(2, f"http://{origin}/2")]))[2].path.read_bytes() == b"2" * 100_000


def test_leaving_a_batch_early_breaks_the_running_downloads_off(server, tmp_path):
    origin, answers = server
    answers["/a"], answers["/endless"] = File(b"x" * 100), endless
    batch = downloads(origin, tmp_path, max_bytes=10**12, disk_bytes=10**13)
    results = batch.fetch([("a", f"http://{origin}/a"), ("endless", f"http://{origin}/endless")])
    assert next(results)[0] == "a"
    results.close()
    assert not batch.path_of(f"http://{origin}/endless").exists()
