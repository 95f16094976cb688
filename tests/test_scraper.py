"""All targets asked within a deadline: sharing, deadlines, fairness, bugs; on a loop that never waits."""

from __future__ import annotations

import asyncio

import pytest

from ges_exporter.scraper import Result
from tests import swift
from tests.scraping import Graph, Scrapes

# One listing, however many want it --------------------------------------------------------------------------------


def test_scrapes_at_the_same_time_share_one_listing() -> None:
    """Ten scrapes at once ask a target once, show the same, and nine of them count as shared."""

    async def main() -> None:
        graph = Graph("movie", seconds=1.0)
        scrapes = Scrapes([graph])
        results = await asyncio.gather(*(scrapes.one(graph) for _ in range(10)))
        alone = Graph("movie")
        await Scrapes([alone]).one(alone)
        assert len(graph.asked) == len(alone.asked)
        assert all(result is results[0] for result in results)
        assert results[0].up
        assert scrapes.telemetry.scrapes_shared == 9

    swift.run(main())


def test_sharing_is_per_target() -> None:
    """A scrape that finds one listing under way joins that one, and begins the others; it counts as shared once."""

    async def main() -> None:
        slow, quick = Graph("slow", seconds=2.0), Graph("quick")
        scrapes = Scrapes([slow, quick])
        first = asyncio.create_task(scrapes.scrape())
        await asyncio.sleep(1.0)
        asked = len(slow.asked), len(quick.asked)
        second = await scrapes.scrape()
        assert (await first)["slow"] is second["slow"]
        assert (await first)["quick"] is not second["quick"]
        assert len(quick.asked) == 2 * asked[1]
        assert scrapes.telemetry.scrapes_shared == 1

    swift.run(main())


def test_one_scrape_after_another_asks_again() -> None:
    """What has been answered is asked anew, and nothing is counted as shared."""

    async def main() -> None:
        graph = Graph("movie")
        scrapes = Scrapes([graph])
        first = await scrapes.one(graph)
        asked = len(graph.asked)
        second = await scrapes.one(graph)
        assert len(graph.asked) == 2 * asked
        assert first is not second
        assert scrapes.telemetry.scrapes_shared == 0

    swift.run(main())


def test_nothing_to_ask() -> None:
    """A scrape of no targets has no results."""
    assert swift.run(Scrapes([]).scrape()) == {}


# Deadlines -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0.5, 3.0, 60.0])
def test_a_scrape_ends_at_its_deadline(seconds: float) -> None:
    """Whatever the targets do, a scrape never outlives its deadline; what has answered by then is there."""

    async def main() -> None:
        graphs = [Graph("hangs", None), Graph("quick"), Graph("stubborn", None)]
        graphs[2].slow_to_stop = 1000.0
        scrapes = Scrapes(graphs)
        results = await scrapes.scrape(seconds=seconds)
        assert swift.now() <= seconds + 1e-6
        assert {name: result.up for name, result in results.items()} == {
            "hangs": False,
            "quick": True,
            "stubborn": False,
        }
        assert [results[name].reason for name in ("hangs", "stubborn")] == ["timeout", "timeout"]
        assert scrapes.errors(graphs[0]) == {"timeout": 1}

    swift.run(main())


def test_a_listing_that_is_slow_to_stop_counts_once() -> None:
    """Neither when the scrape gives it up and again when it ends, nor is the next one left out."""

    async def main() -> None:
        graph = Graph("movie", None)
        graph.slow_to_stop = 5.0
        scrapes = Scrapes([graph])
        assert (await scrapes.one(graph, seconds=1.0)).reason == "timeout"
        await asyncio.sleep(10.0)
        assert scrapes.errors(graph) == {"timeout": 1}
        assert (await scrapes.one(graph, seconds=1.0)).reason == "timeout"
        await asyncio.sleep(10.0)
        assert scrapes.errors(graph) == {"timeout": 2}

    swift.run(main())


def test_what_a_listing_that_was_given_up_has_cost() -> None:
    """It has taken all the time that there was, and its requests were made, whoever gave it up."""

    async def main() -> None:
        hangs, stubborn = Graph("hangs", None), Graph("stubborn", None)
        stubborn.slow_to_stop = 5.0
        results = await Scrapes([hangs, stubborn]).scrape(seconds=3.0)
        for result in results.values():
            assert result.seconds == pytest.approx(3.0, rel=0.2)
            assert result.requests == 1

    swift.run(main())


def test_a_scrape_does_not_wait_for_its_deadline() -> None:
    """A scrape is over when the last target has answered."""

    async def main() -> None:
        graphs = [Graph("quick"), Graph("slow", seconds=1.0)]
        await Scrapes(graphs).scrape()
        assert swift.now() == pytest.approx(sum(1.0 for _ in graphs[1].asked))

    swift.run(main())


def test_the_listing_goes_on_for_the_longest_deadline() -> None:
    """A scrape with more time keeps the listing going for which the one that began it could not wait."""

    async def main() -> None:
        graph = Graph("movie", seconds=2.0)
        scrapes = Scrapes([graph])
        short = asyncio.create_task(scrapes.one(graph, seconds=1.5))
        await asyncio.sleep(1.0)
        long = asyncio.create_task(scrapes.one(graph, seconds=30.0))
        assert (await short).reason == "timeout"
        assert swift.now() == pytest.approx(1.5)
        assert (await long).up
        assert graph.asked[0] == 0.0, "the listing of the first scrape went on"
        assert scrapes.errors(graph) == {"timeout": 1}

    swift.run(main())


def test_a_shorter_deadline_does_not_cut_the_listing_of_another() -> None:
    """A scrape with less time ends when it must, and takes nothing from the one that it joined."""

    async def main() -> None:
        graph = Graph("movie", seconds=2.0)
        scrapes = Scrapes([graph])
        long = asyncio.create_task(scrapes.one(graph, seconds=30.0))
        await asyncio.sleep(0.5)
        result = await scrapes.one(graph, seconds=1.0)
        assert result.reason == "timeout"
        assert swift.now() == pytest.approx(1.5)
        assert (await long).up

    swift.run(main())


def test_joining_a_listing_that_is_being_given_up() -> None:
    """A scrape that comes in the moment in which a listing is cancelled breaks neither itself nor the other."""

    async def main() -> None:
        graph = Graph("movie", None)
        graph.slow_to_stop = 0.05
        scrapes = Scrapes([graph])
        first = asyncio.create_task(scrapes.one(graph, seconds=1.0))
        await asyncio.sleep(0.92)
        graph.seconds = 0.0
        second = await scrapes.one(graph, seconds=5.0)
        assert not (await first).up
        assert second.up or second.reason == "timeout"
        assert (await scrapes.one(graph)).up

    swift.run(main())


# min_interval --------------------------------------------------------------------------------------------------------


async def twice(scrapes: Scrapes, graph: Graph, seconds: float) -> tuple[Result, Result, int]:
    """Two results, so many seconds of the clock apart, and how many requests the second cost."""
    first = await scrapes.one(graph)
    asked = len(graph.asked)
    scrapes.clock.advance(seconds)
    second = await scrapes.one(graph)
    return first, second, len(graph.asked) - asked


@pytest.mark.parametrize(("seconds", "again"), [(0.0, False), (29.0, False), (30.0, True), (3600.0, True)])
def test_younger_results_answer_a_scrape(seconds: float, again: bool) -> None:
    """Within ``min_interval`` nothing is asked; what was found is shown."""

    async def main() -> None:
        graph = Graph("movie")
        first, second, requests = await twice(Scrapes([graph], min_interval=30.0), graph, seconds)
        assert (second is not first, requests > 0) == (again, again)
        assert second.up

    swift.run(main())


@pytest.mark.parametrize("min_interval", [0.0, 30.0])
def test_a_clock_that_is_set_back_freezes_nothing(min_interval: float) -> None:
    """After the clock was set back by an hour the targets are asked as ever, not shown as they were for an hour."""

    async def main() -> None:
        graph = Graph("movie")
        _, _, requests = await twice(Scrapes([graph], min_interval=min_interval), graph, -3600.0)
        assert requests > 0

    swift.run(main())


def test_failures_are_results_too() -> None:
    """Within ``min_interval`` a target that is down is not asked either, and its error is counted once."""

    async def main() -> None:
        graph = Graph("movie", None)
        scrapes = Scrapes([graph], min_interval=30.0)
        assert not (await scrapes.one(graph, seconds=1.0)).up
        assert not (await scrapes.one(graph, seconds=1.0)).up
        assert (len(graph.asked), scrapes.errors(graph)) == (1, {"timeout": 1})

    swift.run(main())


# Fairness ------------------------------------------------------------------------------------------------------------


def some(name: str, number: int, seconds: float | None = 0.0) -> list[Graph]:
    """So many graphs alike."""
    return [Graph(f"{name}-{i}", seconds) for i in range(number)]


@pytest.mark.parametrize("concurrency", [1, 2, 5])
@pytest.mark.parametrize(("hanging", "good"), [(1, 1), (4, 4), (10, 10), (30, 2), (2, 30)])
def test_hanging_targets_do_not_starve_the_others(concurrency: int, hanging: int, good: int) -> None:
    """However few places there are, and whichever come first, each target that answers is listed in each scrape."""

    async def main() -> None:
        bad, fine = some("hangs", hanging, None), some("good", good)
        scrapes = Scrapes([*bad, *fine], concurrency=concurrency)
        for _ in range(3):
            results = await scrapes.scrape(seconds=5.0)
            assert {name for name, result in results.items() if result.up} == {one.target.graph for one in fine}

    swift.run(main())


def test_slow_targets_behind_hanging_ones_have_their_turn() -> None:
    """Who timed out for want of time comes before who had all of it: from the second scrape on the slow ones are up."""

    async def main() -> None:
        bad, slow = some("hangs", 8, None), some("slow", 8, 0.5)
        scrapes = Scrapes([*bad, *slow], concurrency=4)
        up = []
        for _ in range(4):
            results = await scrapes.scrape(seconds=3.0)
            up.append(sum(result.up for result in results.values()))
        assert up[0] < 8, "there was not time enough for all"
        assert up[1:] == [8, 8, 8]

    swift.run(main())


def test_targets_probed_one_by_one_do_not_starve_each_other_either() -> None:
    """The places are shared among all targets, too, where each is scraped by itself, as with ``/probe``."""

    async def main() -> None:
        bad, fine = some("hangs", 6, None), some("good", 6)
        scrapes = Scrapes([*bad, *fine], concurrency=2)
        results = await asyncio.gather(*(scrapes.one(graph, seconds=5.0) for graph in (*bad, *fine)))
        assert [result.up for result in results] == [False] * 6 + [True] * 6

    swift.run(main())


def test_no_more_than_concurrency_at_once() -> None:
    """Targets that answer within their share are never asked in greater number than ``scrape.concurrency``."""

    async def main() -> None:
        graphs = some("good", 12, 0.1)
        await Scrapes(graphs, concurrency=3).scrape(seconds=10.0)
        begins = [graph.asked[0] for graph in graphs]
        per_listing = len(graphs[0].asked) * 0.1
        assert max(sum(one <= begin < one + per_listing - 1e-9 for one in begins) for begin in begins) == 3

    swift.run(main())


def test_a_target_whose_turn_did_not_come_is_first_in_the_next_scrape() -> None:
    """What was never asked is told as such, costs no request, and goes before those that were."""

    async def main() -> None:
        holder, waiter, other = Graph("a", None), Graph("b", 0.01), Graph("c", 0.01)
        scrapes = Scrapes([holder, other, waiter], concurrency=1)
        await scrapes.one(other)
        holding = asyncio.create_task(scrapes.one(holder, seconds=30.0))
        await holder.arrived.wait()
        result = await scrapes.one(waiter, seconds=1.0)
        assert (result.reason, result.requests, waiter.asked) == ("timeout", 0, [])
        await holding
        other.asked.clear()
        await scrapes.scrape(other, waiter, seconds=5.0)
        assert waiter.asked[0] < other.asked[0]

    swift.run(main())


def test_those_that_timed_out_come_last() -> None:
    """A target that used all of its time in one scrape does not hold up the others in the next."""

    async def main() -> None:
        hangs, good = Graph("a-hangs", None), Graph("b-good", 0.01)
        scrapes = Scrapes([hangs, good], concurrency=1)
        await scrapes.scrape(seconds=2.0)
        before = swift.now()
        await scrapes.scrape(seconds=2.0)
        second = [min(moment for moment in graph.asked if moment >= before) for graph in (good, hangs)]
        assert second == sorted(second)
        assert second[0] == pytest.approx(before)

    swift.run(main())


# Bugs, and scrapers that go away -------------------------------------------------------------------------------------


class Bug(Exception):
    """A mistake in this program."""


def test_a_bug_is_loud_and_passes() -> None:
    """An unexpected exception fails the whole scrape; the next one is as if nothing had been."""

    async def main() -> None:
        broken, fine = Graph("broken"), Graph("fine", jobs=3)
        broken.bug = Bug("a mistake")
        scrapes = Scrapes([broken, fine], concurrency=1)
        for _ in range(3):
            with pytest.raises(Bug):
                await scrapes.scrape()
        assert (await scrapes.one(fine)).up, "its place was given back"
        broken.bug = None
        results = await scrapes.scrape()
        assert all(result.up for result in results.values())
        assert results["fine"].records >= 3

    swift.run(main())


def test_a_bug_is_everybodys_who_waits() -> None:
    """Scrapes that share a listing share its bug, too: none of them hangs or shows a page that hides it."""

    async def main() -> None:
        graph = Graph("broken", 1.0)
        graph.bug = Bug("a mistake")
        scrapes = Scrapes([graph])
        outcomes = await asyncio.gather(*(scrapes.one(graph) for _ in range(3)), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [Bug] * 3

    swift.run(main())


def test_a_scraper_that_goes_away_takes_nothing_with_it() -> None:
    """When a client disconnects, the listing that it began goes on, is counted once, and serves the next scrape."""

    async def main() -> None:
        graph = Graph("movie", seconds=1.0)
        scrapes = Scrapes([graph], concurrency=1)
        gone = asyncio.create_task(scrapes.one(graph))
        await graph.arrived.wait()
        gone.cancel()
        await asyncio.wait([gone])
        result = await scrapes.one(graph)
        assert result.up
        assert graph.asked[0] == 0.0
        assert graph.answers == len(graph.asked), "no request was given up"
        assert scrapes.telemetry.scrapes_shared == 1

    swift.run(main())


def test_closing_lets_listings_end() -> None:
    """At the end of the program listings under way may finish, for a time; what does not is given up."""

    async def main() -> None:
        slow, hangs = Graph("slow", 2.0), Graph("hangs", None)
        scrapes = Scrapes([slow, hangs])
        scrape = asyncio.create_task(scrapes.scrape(seconds=30.0))
        await slow.arrived.wait()
        await scrapes.scraper.aclose(10.0)
        assert swift.now() == pytest.approx(10.0)
        assert slow.answers == len(slow.asked)
        scrape.cancel()
        await asyncio.wait([scrape])

    swift.run(main())
