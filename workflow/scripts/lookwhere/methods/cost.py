"""What methods cost: seconds and passes of a batch, although methods share passes.

A step is a pass that several methods share, or the drawing of a method's map. It has its own
seconds, without those of the steps inside it, and the steps that it uses. So the cost of a method
is that of its steps, each counted once, as if no other method had shared them.
"""

import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Cost:
    """The seconds, forward passes and backward passes of a method, for a batch."""

    seconds: float
    forward_passes: int
    backward_passes: int


@dataclass
class _Step:
    seconds: float = 0.0
    forward_passes: int = 0
    backward_passes: int = 0
    uses: set[Hashable] = field(default_factory=set)


class Clock:
    """Measures steps, which may be inside each other.

    Examples
    --------
    >>> clock = Clock()
    >>> with clock.step("forward"):
    ...     clock.count(forward_passes=1)
    >>> with clock.step("grad_cam"):
    ...     clock.use("forward")
    ...     with clock.step("gradient"):
    ...         clock.count(backward_passes=1)
    >>> cost = clock.cost("grad_cam")
    >>> cost.forward_passes, cost.backward_passes
    (1, 1)
    """

    def __init__(self, synchronize: Callable[[], None] = lambda: None) -> None:
        """``synchronize`` waits for a device that computes in the background."""
        self._synchronize = synchronize
        self._steps: dict[Hashable, _Step] = {}
        self._open: list[_Step] = []
        self._since = 0.0

    @contextmanager
    def step(self, key: Hashable) -> Iterator[None]:
        """Measure a step, which the step around it uses."""
        self.use(key)
        with self._measuring(self._steps[key]):
            yield

    def apart(self) -> AbstractContextManager[None]:
        """Steps inside the block are no part of the present step, unless it uses them later."""
        return self._measuring(_Step())

    def use(self, key: Hashable) -> None:
        """Record that the present step uses another, which may have run earlier."""
        self._steps.setdefault(key, _Step())
        if self._open:
            self._open[-1].uses.add(key)

    def count(self, *, forward_passes: int = 0, backward_passes: int = 0) -> None:
        """Count passes of the present step, if there is one."""
        if self._open:
            self._open[-1].forward_passes += forward_passes
            self._open[-1].backward_passes += backward_passes

    def cost(self, key: Hashable) -> Cost:
        """The cost of a step and of all that it uses."""
        keys, waiting = set(), {key}
        while waiting:
            keys.add(used := waiting.pop())
            waiting |= self._steps[used].uses - keys
        steps = [self._steps[used] for used in keys]
        return Cost(
            sum(step.seconds for step in steps),
            sum(step.forward_passes for step in steps),
            sum(step.backward_passes for step in steps),
        )

    @contextmanager
    def _measuring(self, step: _Step) -> Iterator[None]:
        self._read()
        self._open.append(step)
        try:
            yield
        finally:
            self._read()
            self._open.pop()

    def _read(self) -> None:
        """Add the time since the last reading to the innermost step."""
        self._synchronize()
        now = time.perf_counter()
        if self._open:
            self._open[-1].seconds += now - self._since
        self._since = now
