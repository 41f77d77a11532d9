"""The queue before the disk: bounded in number and in bytes, and nobody who waits is dropped."""

from __future__ import annotations

from concurrent.futures import Future

from hypothesis import given
from hypothesis import strategies as st

from glassd.journal.pending import BATCH_LIMIT, PENDING_LIMIT, PENDING_LIMIT_BYTES, Operation, Pending

MIB = 1024 * 1024


def an_operation(size: int = 0, *, waited: bool = False, lasting: bool = False) -> Operation:
    return Operation(None, size=size, done=Future() if waited else None, lasting=lasting)


def all_of(pending: Pending) -> list[Operation]:
    taken: list[Operation] = []
    while batch := pending.take(0):
        assert len(batch) <= BATCH_LIMIT
        taken += batch
    return taken


@given(
    st.lists(st.tuples(st.integers(0, 5 * MIB), st.booleans(), st.booleans()), max_size=40),
    st.lists(st.integers(0, 5 * MIB), max_size=5),
)
def test_what_is_taken_is_what_was_put_but_the_oldest_that_may_go(
    put: list[tuple[int, bool, bool]], back: list[int]
) -> None:
    pending = Pending()
    operations = [an_operation(size, waited=waited, lasting=lasting) for size, waited, lasting in put]
    for operation in operations:
        pending.put(operation)
    given_back = [an_operation(size) for size in back]
    pending.give_back(given_back)
    left = all_of(pending)
    everything = [*given_back, *operations]
    assert left == [operation for operation in everything if operation in left], "in their order"
    dropped = [operation for operation in everything if operation not in left]
    assert pending.lost == len(dropped)
    assert all(operation.may_go for operation in dropped)
    optional = sum(operation.size for operation in left if operation.may_go)
    firm = sum(operation.size for operation in left if not operation.may_go)
    assert optional == 0 or optional + firm <= PENDING_LIMIT_BYTES


def test_no_more_wait_than_may() -> None:
    pending = Pending()
    first, newest = an_operation(), an_operation()
    lasting = an_operation(lasting=True)
    for operation in [lasting, first, *(an_operation() for _ in range(PENDING_LIMIT)), newest]:
        pending.put(operation)
    left = all_of(pending)
    assert len(left) == PENDING_LIMIT
    assert pending.lost == 3
    assert left[0] is lasting
    assert left[-1] is newest
    assert first not in left


def test_whoever_waits_can_be_told_without_those_who_do_not() -> None:
    pending = Pending()
    operations = [an_operation(waited=number % 2 == 0) for number in range(6)]
    for operation in operations:
        pending.put(operation)
    assert pending.waited_for() == operations[::2]
    assert all_of(pending) == operations[1::2]


def test_while_the_disk_takes_nothing_only_somebody_who_waits_is_worth_another_try() -> None:
    pending = Pending()
    pending.put(an_operation())
    pending.put(an_operation(waited=True))
    assert len(pending.rest(3600)) == 2, "at once"
    pending.close()
    assert pending.rest(3600) == []
    assert pending.take(None) == []
