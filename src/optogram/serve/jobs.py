"""One queue of computations with a limit: a network is asked one thing at a time, and each can be watched and broken off."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from optogram.errors import AddressError, OptogramError, SettingError, Stopped

State = Literal["waiting", "running", "done", "failed", "cancelled"]
Event = dict[str, Any]
Work = Callable[["Job"], dict[str, Any]]

ENDED = ("done", "failed", "cancelled")
UNREAD = 32
"""Events that wait for a slow listener; beyond that the oldest are dropped, as each says more than those before."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be asked: jobs that wait, seconds that one may run, ended ones that are remembered, listeners of one job."""

    waiting: int = 16
    seconds: float = 120.0
    kept: int = 32
    listeners: int = 64


class Full(OptogramError):
    """So many wait already that one more is refused; asking again later helps."""


class Forgotten(AddressError):
    """A job or a photograph that there is not, or not any more."""


class Listener:
    """What one connection has not read yet of a job's events."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._unread: asyncio.Queue[Event] = asyncio.Queue(UNREAD)

    def tell(self, event: Event) -> None:
        """From any thread; a connection whose loop has ended hears nothing."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._put, event)

    async def next(self, seconds: float) -> Event | None:
        """The next event, or `None` after so many seconds of silence."""
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(self._unread.get(), seconds)
        return None

    def _put(self, event: Event) -> None:
        if self._unread.full():
            self._unread.get_nowait()
        self._unread.put_nowait(event)


@dataclass(eq=False)
class Job:
    """One thing that was asked. `key` is what it works on (a photograph's), `private` what is kept of it beside the answer."""

    kind: str
    work: Work = field(repr=False)
    limits: Limits
    key: str = ""
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    state: State = "waiting"
    stage: tuple[str, int, int] = ("", 0, 0)
    result: dict[str, Any] | None = None
    error: str | None = None
    private: Any = field(default=None, repr=False)
    _started: float = 0.0
    _asked_to_end: bool = False
    _listeners: list[Listener] = field(default_factory=list, repr=False)
    _lock: Any = field(default_factory=threading.Lock, repr=False)

    def report(self, stage: str, done: int, total: int) -> None:
        """As a verb's `progress`: tells listeners, and ends the job if that was asked for or its time is over."""
        self.check()
        self.stage = (stage, done, total)
        self.tell({"event": "progress", "stage": stage, "done": done, "total": total})

    def check(self) -> None:
        """Raises `Stopped` where the job is to end."""
        if self._asked_to_end:
            raise Stopped("cancelled")
        if self._started and time.monotonic() - self._started > self.limits.seconds:
            raise SettingError(f"longer than the {self.limits.seconds:g} s that one answer may take here; ask for less, or on a command line")

    def tell(self, event: Event) -> None:
        """Gives an event to whoever listens."""
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener.tell(event)

    def listen(self) -> Listener:
        """A new listener, who is first told how things stand. `Full` where too many listen already."""
        listener = Listener()
        with self._lock:
            if len(self._listeners) >= self.limits.listeners:
                raise Full(f"{self.limits.listeners} listen to this job already")
            self._listeners.append(listener)
        listener.tell(self.shown())
        return listener

    def leave(self, listener: Listener) -> None:
        """No more events for this one."""
        with self._lock, contextlib.suppress(ValueError):
            self._listeners.remove(listener)

    def shown(self) -> Event:
        """How things stand, as an event."""
        stage, done, total = self.stage
        return {
            "event": self.state,
            "id": self.id,
            "kind": self.kind,
            "stage": stage,
            "done": done,
            "total": total,
            "result": self.result,
            "error": self.error,
        }

    def run(self) -> None:
        """Does the work, in the thread that calls; whatever goes wrong is the job's end and nobody else's."""
        if self.state != "waiting":
            return
        self.state, self._started = "running", time.monotonic()
        self.tell(self.shown())
        try:
            result = self.work(self)
            self.check()
            self._end("done", result=result)
        except Stopped:
            self._end("cancelled")
        except OptogramError as error:
            self._end("failed", error=str(error))
        except MemoryError:
            self._end("failed", error="not enough memory for that here; ask for less")
        except Exception as error:  # A network may raise anything; the page must hear of it, and the next job be done.
            self._end("failed", error=f"the network could not do that: {type(error).__name__}: {error}"[:500])

    def cancel(self) -> None:
        """Ends a job that waits at once, one that runs at its next step, and leaves one that has ended as it is."""
        self._asked_to_end = True
        if self.state == "waiting":
            self._end("cancelled")

    def _end(self, state: State, result: dict[str, Any] | None = None, error: str | None = None) -> None:
        self.result, self.error, self.state = result, error, state
        self.tell(self.shown())


class Jobs:
    """The queue, and the one thread that works it off. Jobs that ended are remembered for a while."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._known: OrderedDict[str, Job] = OrderedDict()
        self._waiting: queue.Queue[Job | None] = queue.Queue()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="bench", daemon=True)
        self._thread.start()

    def add(self, kind: str, work: Work, key: str = "") -> Job:
        """Puts a job at the queue's end; `Full` where too many wait."""
        job = Job(kind, work, self.limits, key)
        with self._lock:
            if (waiting := self.waiting) >= self.limits.waiting:
                raise Full(f"{waiting} wait already, and no more than {self.limits.waiting} may; try again when some are done")
            self._known[job.id] = job
            self._forget()
        self._waiting.put(job)
        return job

    def get(self, name: str) -> Job:
        """A job by its id; `Forgotten` where there is none, or none any more."""
        with self._lock:
            if name not in self._known:
                raise Forgotten("no such job; those that ended are forgotten after a while")
            return self._known[name]

    def answers(self, kind: str, key: str) -> list[Job]:
        """Jobs of a kind on one photograph that are done and not yet forgotten, oldest first."""
        with self._lock:
            return [job for job in self._known.values() if (job.kind, job.key, job.state) == (kind, key, "done")]

    def ahead(self, job: Job) -> int:
        """How many are before a job that waits."""
        with self._lock:
            order = [one for one in self._known.values() if one.state in ("waiting", "running")]
        return order.index(job) if job in order else 0

    @property
    def waiting(self) -> int:
        """How many wait."""
        return sum(job.state == "waiting" for job in self._known.values())

    def close(self) -> None:
        """Cancels what there is and lets the thread end."""
        with self._lock:
            known = list(self._known.values())
        for job in known:
            job.cancel()
        self._waiting.put(None)
        self._thread.join(timeout=5)

    def _forget(self) -> None:
        ended = [name for name, job in self._known.items() if job.state in ENDED]
        for name in ended[: max(0, len(ended) - self.limits.kept)]:
            del self._known[name]

    def _work(self) -> None:
        while (job := self._waiting.get()) is not None:
            job.run()
