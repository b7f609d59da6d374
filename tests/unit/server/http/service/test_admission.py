"""Lines in front of places: in order, bounded, and left by who has gone."""

from __future__ import annotations

import asyncio

import pytest

from anysense.embed.errors import AbandonedError, BusyError, DeadlineError
from anysense.embed.waiting import Waiter, waited_for_by
from anysense.server.http.service.admission import Line, in_time


def test_places_are_given_in_order_and_too_many_are_refused() -> None:
    async def main() -> list[int]:
        line, order = Line(1, 3, "searches"), list[int]()

        async def visit(number: int) -> None:
            async with line:
                order.append(number)
                await asyncio.sleep(0)

        async with line:
            visits = [asyncio.create_task(visit(number)) for number in range(3)]
            await asyncio.sleep(0)
            assert len(line) == 3
            with pytest.raises(BusyError, match="searches"):
                await visit(3)
        await asyncio.gather(*visits)
        await visit(4)
        return order

    assert asyncio.run(main()) == [0, 1, 2, 4]


def test_who_goes_away_or_is_late_leaves_the_line() -> None:
    async def main() -> None:
        line, gone, late = Line(1, 3, "searches"), Waiter(), Waiter(0.05)

        async def visit(waiter: Waiter | None) -> None:
            with waited_for_by(waiter):
                async with line:
                    pass

        async with line:
            visits = [asyncio.create_task(visit(waiter)) for waiter in (gone, late, None)]
            await asyncio.sleep(0)
            gone.leave()
            with pytest.raises(AbandonedError):
                await visits[0]
            with pytest.raises(DeadlineError):
                await visits[1]
            assert len(line) == 1
        await visits[2]
        assert len(line) == 0
        await visit(None)

    asyncio.run(main())


def test_the_answer_is_in_time_though_the_work_is_not() -> None:
    async def main() -> None:
        go_on = asyncio.Event()
        task = asyncio.create_task(go_on.wait())
        with waited_for_by(Waiter(0.05)), pytest.raises(DeadlineError):
            await in_time(task)
        assert not task.done()
        go_on.set()
        assert await in_time(task)

    asyncio.run(main())
