"""How many retries one host is good for."""

CAPACITY = 500
COST = 5
REWARD = 3


class RetryBudget:
    """
    Tokens that retries cost and successes earn, as in the standard retry mode of the AWS SDKs.

    It lets single faults pass and ends the retries of a host at which most requests fail, where they would only add
    to what is wrong there.
    """

    __slots__ = ("_tokens",)

    def __init__(self) -> None:
        self._tokens = CAPACITY

    def spend(self) -> bool:
        """Pay for one retry; False if there are not enough tokens, and none is taken then."""
        if self._tokens < COST:
            return False
        self._tokens -= COST
        return True

    def earn(self) -> None:
        """Credit a success."""
        self._tokens = min(CAPACITY, self._tokens + REWARD)
