"""Items that a thread of its own makes ahead of whoever uses them."""

import collections
import concurrent.futures
from collections.abc import Iterable, Iterator


def read_ahead(items: Iterable, count: int) -> Iterator:
    """Yields items, of which so many are made before they are asked for; an error comes when its item is due."""
    no_more, items = object(), iter(items)
    thread = concurrent.futures.ThreadPoolExecutor(1)
    try:
        made = collections.deque(thread.submit(next, items, no_more) for _ in range(count))
        while (item := made.popleft().result()) is not no_more:
            made.append(thread.submit(next, items, no_more))
            yield item
    finally:
        thread.shutdown(cancel_futures=True)
