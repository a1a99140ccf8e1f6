"""Ports of the embedded services are outside the ephemeral range; who holds one is named."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from podrec_assets.errors import ServiceError
from podrec_assets.services import ports
from podrec_assets.services.ports import LOOPBACK, answers, choose_port, free_port


@pytest.fixture
def taken() -> Iterator[int]:
    """Returns a port on which this process listens."""
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_fixed_port_in_use_raises_with_its_holder_and_the_setting(
    taken: int,
) -> None:
    holder = rf".+ \(pid {os.getpid()}\)"
    message = rf"Port {taken} is in use by {holder}; stop it or change PODREC_KAFKA_PORT"
    with pytest.raises(ServiceError, match=message):
        choose_port("kafka", taken, None, print)
    assert answers(taken)


def test_the_earlier_port_is_used_again_and_so_is_a_fixed_one() -> None:
    port, said = free_port(), list[str]()
    assert choose_port("kafka", 0, port, said.append) == port
    assert choose_port("kafka", port, None, said.append) == port
    assert said == []


def test_an_earlier_port_in_use_is_reported_in_one_line_with_its_holder(taken: int) -> None:
    said: list[str] = []
    port = choose_port("kafka", 0, taken, said.append)
    assert port != taken
    [line] = said
    assert line.startswith(f"kafka: port {taken} is in use by ")
    assert line.endswith(f"(pid {os.getpid()}); using {port} from now on")


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("32768\t60999\n", range(20_000, 32_768)),
        ("10000\t50000\n", range(50_001, 65_536)),
        ("1024\t65535\n", range(1024, 65_536)),
        (None, range(20_000, 49_152)),
    ],
    ids=["Linux", "range begins low", "range ends at the top", "another system"],
)
def test_free_ports_are_outside_the_ephemeral_range(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, allowed: range
) -> None:
    monkeypatch.setattr(ports, "LINUX_RANGE", tmp_path / "range")
    if text is not None:
        (tmp_path / "range").write_text(text)
    assert all(free_port() in allowed for _ in range(50))
