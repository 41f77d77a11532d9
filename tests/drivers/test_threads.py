"""These run on the real clock: what a thread does takes real time."""

from __future__ import annotations

import asyncio
import gc
import threading

import pytest

from glassd_drivers.contracts import TransientFault
from glassd_drivers.threads import CALLS_LIMIT, LEFT_BEHIND_LIMIT, DeviceThread

BOUND_S = 10.0
"""How long a stuck call of these tests waits at most, so that a failing test ends."""


def running(name: str) -> bool:
    return any(thread.name == name for thread in threading.enumerate())


def test_calls_run_in_order_on_one_thread_that_ends_with_close() -> None:
    async def main() -> None:
        thread = DeviceThread("device a")
        seen: list[tuple[int, str]] = []

        def call(number: int) -> int:
            seen.append((number, threading.current_thread().name))
            return number

        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(thread.call(call, number)) for number in range(5)]
        assert [task.result() for task in calls] == [0, 1, 2, 3, 4]
        assert seen == [(number, "device a") for number in range(5)]
        assert await thread.close(lambda: seen.append((5, "released")))
        assert seen[-1] == (5, "released")
        assert not running("device a")

    asyncio.run(main())


@pytest.mark.parametrize(
    "error", [OSError("gone"), StopIteration(), SystemExit(1)], ids=lambda error: type(error).__name__
)
def test_what_a_call_raises_reaches_the_one_that_awaits_it(error: BaseException) -> None:
    def fail() -> None:
        raise error

    async def main() -> None:
        thread = DeviceThread("device b")
        with pytest.raises(RuntimeError if isinstance(error, StopIteration) else type(error)) as raised:
            await thread.call(fail)
        assert error in (raised.value, raised.value.__cause__)
        assert await thread.call(lambda: 1) == 1
        assert await thread.close()

    asyncio.run(main())


def test_a_stuck_call_is_left_behind_and_what_it_took_is_released_when_it_returns() -> None:
    async def main() -> None:
        stuck, released = threading.Event(), threading.Event()
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()
        thread = DeviceThread("device c")

        def take_hold() -> None:
            loop.call_soon_threadsafe(begun.set)
            stuck.wait(BOUND_S)

        opening = asyncio.create_task(thread.call(take_hold))
        await begun.wait()
        opening.cancel()
        assert not await thread.close(released.set, limit_s=0.01)
        assert not released.is_set()
        stuck.set()
        assert await thread.close()
        assert released.is_set()

    asyncio.run(main())


def test_a_call_that_outlives_its_event_loop_ends_quietly(capfd: pytest.CaptureFixture[str]) -> None:
    stuck, released = threading.Event(), threading.Event()

    async def main() -> None:
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()
        thread = DeviceThread("device d")

        def read() -> None:
            loop.call_soon_threadsafe(begun.set)
            stuck.wait(BOUND_S)

        async def reading() -> None:
            async for _ in thread.stream(read):
                pass

        task = asyncio.create_task(reading())
        await begun.wait()
        task.cancel()
        await thread.close(released.set, limit_s=0.01)

    asyncio.run(main())
    left = next(thread for thread in threading.enumerate() if thread.name == "device d")
    stuck.set()
    left.join(BOUND_S)
    assert released.is_set()
    assert not left.is_alive()
    assert capfd.readouterr().err == ""


def test_threads_left_behind_by_earlier_lives_are_bounded() -> None:
    async def main() -> None:
        stuck = threading.Event()
        for _ in range(LEFT_BEHIND_LIMIT):
            life = DeviceThread("device l")
            opening = asyncio.create_task(life.call(stuck.wait, BOUND_S))
            begun = asyncio.Event()
            asyncio.get_running_loop().call_soon(begun.set)
            await begun.wait()
            opening.cancel()
            assert not await life.close(limit_s=0.01)
        with pytest.raises(TransientFault, match="device l: the device is stuck"):
            await DeviceThread("device l").call(lambda: None)
        stuck.set()
        for left in [thread for thread in threading.enumerate() if thread.name == "device l"]:
            left.join(BOUND_S)
        again = DeviceThread("device l")
        assert await again.call(lambda: "free") == "free"
        assert await again.close()

    asyncio.run(main())


def test_calls_behind_a_stuck_one_are_bounded_and_refused_on_close() -> None:
    async def main() -> None:
        stuck = threading.Event()
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()
        thread = DeviceThread("device e")

        def hold() -> None:
            loop.call_soon_threadsafe(begun.set)
            stuck.wait(BOUND_S)

        first = asyncio.create_task(thread.call(hold))
        await begun.wait()
        waiting = [asyncio.create_task(thread.call(lambda: None)) for _ in range(CALLS_LIMIT)]
        submitted = asyncio.Event()
        loop.call_soon(submitted.set)
        await submitted.wait()
        with pytest.raises(TransientFault, match="stuck"):
            await thread.call(lambda: None)
        assert not await thread.close(limit_s=0.01)
        for task in waiting:
            with pytest.raises(TransientFault, match="closed"):
                await task
        with pytest.raises(TransientFault, match="closed"):
            await thread.call(lambda: None)
        stuck.set()
        await first
        assert await thread.close()

    asyncio.run(main())


def test_a_slow_reader_of_a_stream_gets_the_newest_items_in_order() -> None:
    async def main() -> None:
        thread = DeviceThread("device f")
        numbers = iter(range(100))
        all_made = asyncio.Event()
        loop = asyncio.get_running_loop()

        def read() -> int | None:
            number = next(numbers, None)
            if number == 50:
                return None  # nothing came this time
            if number is None:
                loop.call_soon_threadsafe(all_made.set)
                raise OSError("unplugged")
            return number

        stream = thread.stream(read, depth=3)
        got = [await anext(stream)]
        await all_made.wait()

        async def read_on() -> None:
            async for number in stream:
                got.append(number)  # noqa: PERF401 - what came before the error is what is asked

        with pytest.raises(OSError, match="unplugged"):
            await read_on()
        assert got[-3:] == [97, 98, 99]
        assert got == sorted(set(got))
        assert len(got) <= 4
        assert await thread.close()

    asyncio.run(main())


def test_every_item_of_a_stream_reaches_a_reader_that_keeps_up() -> None:
    async def main() -> None:
        thread = DeviceThread("device j")
        read = threading.Semaphore(1)

        def next_item() -> int | None:
            return 1 if read.acquire(timeout=BOUND_S) else None

        async with asyncio.timeout(BOUND_S):
            stream = thread.stream(next_item)
            for _ in range(20):
                assert await anext(stream) == 1
                read.release()
        await stream.aclose()
        assert await thread.close()

    asyncio.run(main())


def test_an_error_that_comes_after_the_reader_has_gone_is_nobodys() -> None:
    async def main() -> list[object]:
        unheard: list[object] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, problem: unheard.append(problem))
        failed = asyncio.Event()
        thread = DeviceThread("device k")
        items = iter([1])

        def read() -> int:
            for item in items:
                return item
            loop.call_soon_threadsafe(failed.set)
            raise OSError("unplugged")

        stream = thread.stream(read)
        assert await anext(stream) == 1
        await failed.wait()
        assert await thread.call(lambda: "the error has been handed over") != ""
        await stream.aclose()
        del stream
        gc.collect()
        assert await thread.close()
        return unheard

    assert asyncio.run(main()) == []


def test_a_stream_ends_with_its_reader_and_leaves_the_thread_free() -> None:
    async def main() -> None:
        thread = DeviceThread("device g")
        pulse = threading.Event()
        stream = thread.stream(lambda: pulse.wait(0.001) or 1)
        assert await anext(stream) == 1
        await stream.aclose()
        assert await thread.call(lambda: "free") == "free"
        assert await thread.close()

    asyncio.run(main())


def test_closing_meanwhile_ends_a_stream_with_a_fault() -> None:
    async def main() -> None:
        thread = DeviceThread("device h")
        pulse = threading.Event()
        stream = thread.stream(lambda: pulse.wait(0.001) or 1)
        assert await anext(stream) == 1
        assert await thread.close()
        with pytest.raises(TransientFault, match="closed"):
            async for _ in stream:
                pass

    asyncio.run(main())


def test_a_thread_that_was_never_used_never_starts() -> None:
    async def main() -> None:
        released: list[int] = []
        assert await DeviceThread("device i").close(lambda: released.append(1))
        assert released == []
        assert not running("device i")

    asyncio.run(main())
