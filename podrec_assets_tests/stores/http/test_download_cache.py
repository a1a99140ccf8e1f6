"""Downloads are complete or absent, resumable, and within limits of hosts, time and disk."""

import gzip
import hashlib
import os
import threading
import time
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from podrec_assets.errors import FetchFailedError, FetchRefusedError, UnusableInputError
from podrec_assets.stores.http.client import Fetcher
from podrec_assets.stores.http.download_cache import DiskBudgetError, DownloadCache
from podrec_assets.stores.http.host_scheduler import HostScheduler
from podrec_assets.stores.http.resumable import DownloadedFile, partial_path
from podrec_assets_tests.loopback import File, Server, endless, reply

LIMIT = 1_000_000
SOUND = bytes(range(256)) * 1000


def fetcher(origin: str, timeout_s: float = 5) -> Fetcher:
    return Fetcher(frozenset({origin}), timeout_s, 1000, timeout_s)


def cache(origin: str, folder: Path, **limits: int) -> DownloadCache:
    defaults = {"max_bytes": LIMIT, "disk_bytes": 10 * LIMIT, "gap_s": 0}
    return DownloadCache(fetcher(origin), folder, **defaults | limits)  # type: ignore[arg-type]


def fetch(downloads: DownloadCache, urls: dict[str, str]) -> dict[str, DownloadedFile]:
    """Downloads the addresses; none of them may fail."""
    files: dict[str, DownloadedFile] = {}
    for key, result in downloads.fetch(urls.items()):
        assert isinstance(result, DownloadedFile), result
        files[key] = result
    return files


def test_a_download_is_complete_with_its_digest_and_leaves_no_part(
    server: Server, tmp_path: Path
) -> None:
    origin, answers = server
    answers["/a.mp3"] = File(SOUND)
    file = fetcher(origin).download(f"http://{origin}/a.mp3", tmp_path / "a", LIMIT)
    assert (file.path, file.size_bytes, file.content_type) == (
        tmp_path / "a",
        256_000,
        "audio/mpeg",
    )
    assert file.path.read_bytes() == SOUND
    assert file.sha256 == hashlib.sha256(SOUND).hexdigest()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "a.json"]


def test_an_interrupted_download_resumes_where_it_stopped(server: Server, tmp_path: Path) -> None:
    origin, answers = server
    answers["/a"] = served = File(SOUND, cut=100_000)
    with pytest.raises(FetchFailedError, match="ended early"):
        fetcher(origin).download(f"http://{origin}/a", tmp_path / "a", LIMIT)
    assert not (tmp_path / "a").exists()
    assert partial_path(tmp_path / "a").stat().st_size == 100_000
    file = fetcher(origin).download(f"http://{origin}/a", tmp_path / "a", LIMIT)
    assert file.path.read_bytes() == SOUND
    assert (file.content_type, file.sha256) == ("audio/mpeg", hashlib.sha256(SOUND).hexdigest())
    assert served.ranges == [None, "bytes=100000-"]


def test_a_file_that_changed_meanwhile_is_downloaded_again(server: Server, tmp_path: Path) -> None:
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
def test_a_range_that_does_not_fit_is_never_appended(
    server: Server, tmp_path: Path, headers: dict[str, str]
) -> None:
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


def test_a_part_that_is_already_complete_is_used(server: Server, tmp_path: Path) -> None:
    origin, answers = server
    answers["/a"] = File(SOUND, cut=100_000)
    with pytest.raises(FetchFailedError):
        fetcher(origin).download(f"http://{origin}/a", tmp_path / "a", LIMIT)
    partial_path(tmp_path / "a").write_bytes(SOUND)
    assert (
        fetcher(origin).download(f"http://{origin}/a", tmp_path / "a", LIMIT).path.read_bytes()
        == SOUND
    )


def test_a_file_over_the_limit_is_refused_and_leaves_nothing(
    server: Server, tmp_path: Path
) -> None:
    origin, answers = server
    answers["/declared"], answers["/endless"] = File(SOUND), endless
    answers["/bomb"] = reply(gzip.compress(b"\0" * 2_000_000), Content_Encoding="gzip")
    for path in ("/declared", "/endless", "/bomb"):
        with pytest.raises(
            FetchRefusedError, match="more than 200000 bytes; PODREC_AUDIO_MAX_BYTES"
        ):
            fetcher(origin).download(f"http://{origin}{path}", tmp_path / "a", 200_000)
    assert list(tmp_path.iterdir()) == []


def test_the_limit_holds_for_all_ranges_together(server: Server, tmp_path: Path) -> None:
    origin, answers = server
    answers["/a"] = File(SOUND, cut=150_000)
    with pytest.raises(FetchFailedError):
        fetcher(origin).download(f"http://{origin}/a", tmp_path / "a", LIMIT)
    with pytest.raises(FetchRefusedError, match="more than 200000"):
        fetcher(origin).download(f"http://{origin}/a", tmp_path / "a", 200_000)


def test_a_private_address_is_refused_for_audio_too(server: Server, tmp_path: Path) -> None:
    origin, answers = server
    answers["/a"] = reply(status=302, Location="http://169.254.169.254/latest/meta-data/")
    with pytest.raises(FetchRefusedError, match="not public"):
        fetcher(origin).download(f"http://{origin}/a", tmp_path / "a", LIMIT)


def test_one_bad_address_does_not_affect_the_rest_of_a_batch(
    server: Server, tmp_path: Path
) -> None:
    origin, answers = server
    for name in "abc":
        answers[f"/{name}"] = File(name.encode() * 1000)
    answers["/page"] = reply(b"<html>sorry", Content_Type="text/html; charset=utf-8")
    urls = {name: f"http://{origin}/{name}" for name in ("a", "gone", "b", "page", "c")} | {
        "file": "file:///etc/passwd"
    }
    results = dict(cache(origin, tmp_path).fetch(urls.items()))
    files = {k: r for k, r in results.items() if isinstance(r, DownloadedFile)}
    assert {k: file.path.read_bytes() for k, file in files.items()} == {
        name: name.encode() * 1000 for name in "abc"
    }
    assert isinstance(results["file"], FetchRefusedError)
    for name, reason in (("gone", "http_404"), ("page", "not_audio")):
        error = results[name]
        assert isinstance(error, UnusableInputError)
        assert error.reason == reason


def test_episodes_with_the_same_enclosure_share_one_download_that_is_reused(
    server: Server, tmp_path: Path
) -> None:
    origin, answers = server
    answers["/a"] = served = File(SOUND)
    url = f"http://{origin}/a"
    files = fetch(cache(origin, tmp_path), {"one": url, "two": url})
    again = fetch(cache(origin, tmp_path), {"three": url})
    assert files["one"] == files["two"] == again["three"]
    assert files["one"].path.name == hashlib.sha256(url.encode()).hexdigest()
    assert served.ranges == [None]


def test_no_more_downloads_than_allowed_run_at_once(server: Server, tmp_path: Path) -> None:
    origin, answers = server
    lock, running, most = threading.Lock(), [0], [0]

    def slow(handler: BaseHTTPRequestHandler) -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.05)
        with lock:
            running[0] -= 1
        File(b"x" * 100)(handler)

    answers |= {f"/{n}": slow for n in range(12)}
    items = [(n, f"http://{origin}/{n}") for n in range(12)]
    assert len(dict(cache(origin, tmp_path, parallel=8, per_host=3).fetch(items))) == 12
    assert most[0] == 3


def test_hosts_alternate_and_rest_for_the_gap() -> None:
    scheduler = HostScheduler(
        ["http://a/1", "http://a/2", "http://a/3", "http://b/1"], per_host=2, gap_s=10
    )
    started = []
    for now in (0, 0, 0, 9, 10, 20):
        if url := scheduler.due(now):
            scheduler.start(url, now)
            started.append((now, url))
    assert started == [(0, "http://a/1"), (0, "http://b/1"), (10, "http://a/2")]
    assert scheduler.next_at() == float("inf")
    scheduler.end("http://a/2", 21, pause_s=30)
    assert (scheduler.due(50), scheduler.next_at(), scheduler.due(51)) == (None, 51, "http://a/3")


def test_the_folder_stays_in_its_budget_and_evicts_the_least_recently_used(
    server: Server, tmp_path: Path
) -> None:
    origin, answers = server
    answers |= {f"/{n}": File(b"%d" % n * 100_000) for n in range(6)}
    downloads = cache(origin, tmp_path, max_bytes=100_000, disk_bytes=350_000, parallel=1)
    urls = [f"http://{origin}/{n}" for n in range(6)]
    paths = [downloads.path_of(url) for url in urls]
    for n, url in enumerate(urls):
        file = fetch(downloads, {url: url})[url]
        os.utime(file.path, (n, n))
        downloads.release(file)
        if n == 2:  # the first is used again
            downloads.release(fetch(downloads, {urls[0]: urls[0]})[urls[0]])
    assert [n for n in range(6) if paths[n].exists()] == [0, 4, 5]
    assert sum(p.stat().st_size for p in tmp_path.iterdir()) <= 350_000


def test_a_file_in_use_is_never_evicted(server: Server, tmp_path: Path) -> None:
    origin, answers = server
    answers |= {f"/{n}": File(b"%d" % n * 100_000) for n in range(3)}
    downloads = cache(origin, tmp_path, max_bytes=100_000, disk_bytes=210_000, parallel=1)
    results = dict(downloads.fetch((n, f"http://{origin}/{n}") for n in range(3)))
    assert isinstance(results.pop(2), DiskBudgetError)
    files = [file for file in results.values() if isinstance(file, DownloadedFile)]
    assert [file.path.exists() for file in files] == [True, True]
    for file in files:
        downloads.release(file)
    last = fetch(downloads, {"last": f"http://{origin}/2"})["last"]
    assert last.path.read_bytes() == b"2" * 100_000


def test_leaving_a_batch_early_cancels_running_downloads(server: Server, tmp_path: Path) -> None:
    origin, answers = server
    answers["/a"], answers["/endless"] = File(b"x" * 100), endless
    downloads = cache(origin, tmp_path, max_bytes=10**12, disk_bytes=10**13)
    results = downloads.fetch(
        [("a", f"http://{origin}/a"), ("endless", f"http://{origin}/endless")]
    )
    assert next(results)[0] == "a"
    assert isinstance(results, Generator)
    results.close()
    assert not downloads.path_of(f"http://{origin}/endless").exists()
