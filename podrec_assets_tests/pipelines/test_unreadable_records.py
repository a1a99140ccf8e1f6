"""Only the fault of a record makes a dead letter of it."""

import errno

import pytest
from deltalake.exceptions import DeltaError

from podrec_assets.errors import RetryableError
from podrec_assets.pipelines.unreadable_records import find_unreadable
from podrec_assets.stores.delta import Lake


@pytest.mark.parametrize(
    "fault",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        DeltaError("Generic LocalFileSystem error: No space left on device (os error 28)"),
        RuntimeError("java.io.IOException: No space left on device"),
        MemoryError(),
        RetryableError("Another writer changed user_events at the same time; run again."),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_a_fault_of_the_machine_during_the_search_makes_no_letter(fault: Exception) -> None:
    def land(records: list[int], _: Lake) -> None:
        if 3 in records:
            raise fault if len(records) == 1 else ValueError("3 is unreadable")

    with pytest.raises(type(fault)) as raised:
        find_unreadable([*range(8)], [-1], land)
    assert raised.value is fault


def test_records_that_fail_alone_are_found() -> None:
    def land(records: list[int], _: Lake) -> None:
        if bad := {3, 6} & {*records}:
            raise ValueError(f"{sorted(bad)} are unreadable")

    unreadable = find_unreadable([*range(8)], [-1], land)
    assert {n: str(err) for n, err in unreadable.items()} == {
        3: "[3] are unreadable",
        6: "[6] are unreadable",
    }
