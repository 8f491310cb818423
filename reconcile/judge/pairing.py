"""
Assigns observed sub-jobs to expected items at the lowest total cost.

Both functions solve the same problem, one with and one without regard to order. There are n items and m sub-jobs.
`costs[i][j]` is the cost of assigning sub-job j to item i, None if item i does not accept the type of j. Item i should
get `bounds[i].min` to `bounds[i].max` sub-jobs: each one below the minimum costs `short`, and it never gets more than
the maximum. An unassigned sub-job costs `extra`. The result has the index of the item, or None, for each sub-job, and
the lowest possible total cost. All costs are non-negative integers.
"""

from collections import Counter
from collections.abc import Sequence

from reconcile.model.manifest import Count

Costs = Sequence[Sequence[int | None]]
Owners = list[int | None]

MOST_STEPS = 2_000_000
"""The most prices that one unordered pairing compares, which takes a fifth of a second."""


class PairingTooLongError(Exception):
    """There are too many different sub-jobs and items to find the best pairing in time."""


def pair_unordered(costs: Costs, bounds: Sequence[Count], *, size: int, short: int, extra: int) -> Owners:
    """
    Assign `size` sub-jobs to items, in any order.

    A minimum-cost flow by successive shortest paths (Busacker and Gowen 1960). Sub-jobs with the same costs form one
    group, so the work depends only on the number of *different* sub-jobs and items. It grows with the third power of
    that number.

    Raises:
        PairingTooLongError: after MOST_STEPS.
    """
    owners = _pair_without_choice(costs, bounds, size=size, short=short, extra=extra)
    if owners is not None:
        return owners
    groups: dict[tuple[int | None, ...], list[int]] = {}
    for j in range(size):
        groups.setdefault((*(row[j] for row in costs), extra), []).append(j)
    flow = _Flow(list(groups), bounds, short)
    for group, members in enumerate(groups.values()):
        flow.place(group, len(members))
    owners = [None] * size
    waiting = [iter(members) for members in groups.values()]
    for item in range(len(bounds)):
        for group, amount in sorted(flow.held[item].items()):
            for _ in range(amount):
                owners[next(waiting[group])] = item
    return owners


def _pair_without_choice(costs: Costs, bounds: Sequence[Count], *, size: int, short: int, extra: int) -> Owners | None:
    """
    Assign each sub-job to the only item that accepts it; None if there is a choice, or if leaving one out is as cheap.

    Items usually have different types, so that no two accept the same sub-job. Then this is the only best pairing.
    """
    owners: Owners = [None] * size
    for item, (row, count) in enumerate(zip(costs, bounds, strict=True)):
        taken = [(j, cost) for j, cost in enumerate(row) if cost is not None]
        if count.max is not None and len(taken) > count.max:
            return None
        saved = extra + short if len(taken) <= count.min else extra
        for j, cost in taken:
            if owners[j] is not None or cost >= saved:
                return None
            owners[j] = item
    return owners


class _Flow:
    """
    The flow so far: `held[k][g]` sub-jobs of group g are at node k.

    A node is an item, or the last node, which holds the unassigned sub-jobs.
    """

    def __init__(self, prices: Sequence[tuple[int | None, ...]], bounds: Sequence[Count], short: int) -> None:
        self.held: list[Counter[int]] = [Counter() for _ in range(len(bounds) + 1)]
        self._prices = prices
        self._bounds = bounds
        self._short = short
        self._steps = 0

    def place(self, group: int, amount: int) -> None:
        """Add sub-jobs of one group, and move others if that lowers the total cost."""
        while amount:
            distances, origins = self._shortest_paths(group)
            end, capacity = self._cheapest_end(distances)
            path = self._path_to(end, origins)
            step = min([amount, capacity, *(self.held[node][moved] for node, moved in path)])
            target = end
            for node, moved in reversed(path):
                self._move(moved, node, target, step)
                target = node
            self.held[target][group] += step
            amount -= step

    def _shortest_paths(self, group: int) -> tuple[list[int | None], dict[int, tuple[int, int]]]:
        """
        Compute the cost of adding one of `group` at each node (Bellman-Ford).

        The second value maps a node to the move that makes room there: the node to move from, and the group to move.
        """
        distances: list[int | None] = list(self._prices[group])
        origins: dict[int, tuple[int, int]] = {}
        queue = [node for node, distance in enumerate(distances) if distance is not None]
        while queue:
            changed: list[int] = []
            for node in queue:
                for moved in self.held[node]:
                    changed += self._relax(node, moved, distances, origins)
            queue = list(dict.fromkeys(changed))
        return distances, origins

    def _relax(
        self, node: int, moved: int, distances: list[int | None], origins: dict[int, tuple[int, int]]
    ) -> list[int]:
        prices = self._prices[moved]
        self._steps += len(prices)
        if self._steps > MOST_STEPS:
            raise PairingTooLongError
        base = (distances[node] or 0) - (prices[node] or 0)
        changed = []
        for target, price in enumerate(prices):
            if price is None or target == node:
                continue
            known = distances[target]
            if known is None or base + price < known:
                distances[target] = base + price
                origins[target] = (node, moved)
                changed.append(target)
        return changed

    def _cheapest_end(self, distances: Sequence[int | None]) -> tuple[int, int]:
        """Choose the node where one more costs least; return it and how many it takes at that price."""
        best: tuple[int, int, int] | None = None
        for node, distance in enumerate(distances):
            if distance is None:
                continue
            price, capacity = self._price_of_one_more(node)
            if capacity and (best is None or distance + price < best[0]):
                best = (distance + price, node, capacity)
        if best is None:  # the last node takes everything
            raise ValueError("no node takes the sub-job")
        return best[1], best[2]

    def _price_of_one_more(self, node: int) -> tuple[int, int]:
        unlimited = 1 << 62
        if node == len(self._bounds):
            return 0, unlimited
        bounds, filled = self._bounds[node], self.held[node].total()
        if filled < bounds.min:
            return -self._short, bounds.min - filled
        return 0, unlimited if bounds.max is None else bounds.max - filled

    def _path_to(self, end: int, origins: dict[int, tuple[int, int]]) -> list[tuple[int, int]]:
        """List the moves (from node, group moved) that lead to `end`, in order."""
        path = []
        while end in origins:
            end, moved = origins[end]
            path.append((end, moved))
        return path[::-1]

    def _move(self, group: int, node: int, target: int, amount: int) -> None:
        self.held[node][group] -= amount
        if not self.held[node][group]:
            del self.held[node][group]
        self.held[target][group] += amount


def pair_ordered(costs: Costs, bounds: Sequence[Count], *, size: int, short: int, extra: int) -> Owners:
    """
    Assign `size` sub-jobs to items so that both keep their order.

    The longest-common-subsequence recurrence with costs (Needleman and Wunsch 1970), in O(slots * size). An item has
    one slot for each sub-job that it must or may have; without a maximum, its last slot repeats.
    """
    slots = [slot for item, count in enumerate(bounds) for slot in _slots_of(item, count, size)]
    best = [extra * j for j in range(size + 1)]
    steps: list[bytearray] = []
    for item, needed, repeats in slots:
        best, step = _align_slot(best, costs[item], skip=short if needed else 0, repeats=repeats, extra=extra)
        steps.append(step)
    return _trace(slots, steps, size)


_Slot = tuple[int, bool, bool]
"""The index of the item, whether an empty slot costs, and whether the slot takes more than one sub-job."""

_SKIP_SLOT, _SKIP_SUB_JOB, _PAIR = 0, 1, 2


def count_slots(count: Count, size: int) -> int:
    """Count the slots that an item has in the table of `pair_ordered`."""
    if count.max is None or count.max >= size:
        return min(count.min, size) + 1
    return max(count.min, count.max)


def _slots_of(item: int, count: Count, size: int) -> list[_Slot]:
    needed = min(count.min, size)  # items beyond `size` are short in every pairing
    rest = count_slots(count, size) - needed
    repeats = count.max is None or count.max >= size
    return [(item, True, False)] * needed + [(item, False, repeats)] * rest


def _align_slot(
    above: Sequence[int], costs: Sequence[int | None], *, skip: int, repeats: bool, extra: int
) -> tuple[list[int], bytearray]:
    """
    Compute the row of one slot from the row above, and the step taken at each place.

    A repeating slot costs nothing to enter, so its row is never worse than the row above.
    """
    row = [above[0] + skip]
    steps = bytearray([_SKIP_SLOT])
    for j, cost in enumerate(costs):
        choices = [(above[j + 1] + skip, _SKIP_SLOT), (row[j] + extra, _SKIP_SUB_JOB)]
        if cost is not None:
            choices.insert(0, ((row[j] if repeats else above[j]) + cost, _PAIR))
        total, step = min(choices, key=lambda choice: choice[0])
        row.append(total)
        steps.append(step)
    return row, steps


def _trace(slots: Sequence[_Slot], steps: Sequence[bytearray], size: int) -> Owners:
    """Walk back through the table from its last cell."""
    owners: Owners = [None] * size
    slot, j = len(slots), size
    while slot and j:
        item, _, repeats = slots[slot - 1]
        step = steps[slot - 1][j]
        if step == _PAIR:
            owners[j - 1] = item
            slot -= 0 if repeats else 1
            j -= 1
        elif step == _SKIP_SUB_JOB:
            j -= 1
        else:
            slot -= 1
    return owners
