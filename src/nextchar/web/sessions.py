"""What the server remembers of a visitor: list and text in use, training, nets; in memory only, and not for long.

A session is made when a visitor first does something that has to be remembered. Whoever only reads has none.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from nextchar.web.request_errors import RequestError

if TYPE_CHECKING:
    from nextchar.lesson.trained_nets import TrainedNet
    from nextchar.web.dataset import Dataset

__all__ = ["COOKIE", "Session", "Sessions", "Stoppable"]

COOKIE: Final = "nextchar"
IDLE_SECONDS: Final = 3600.0
MOST_SESSIONS: Final = 200
MOST_BYTES: Final = 256 << 20  # of all own lists and texts together
UPLOADS_AN_HOUR: Final = 30
MOST_NETS: Final = 3  # of a visitor


def _keep_quiet(_: Dataset) -> None:
    pass


class Stoppable(Protocol):
    """Work of a visitor that can be told to end."""

    def stop(self) -> None:
        """End soon."""
        ...


class Session:
    """One visitor.

    Attributes:
        token: what the cookie holds.
        data: the visitor's own list; None where the default is in use.
        text: the visitor's own running text; None where the lesson's is in use.
        training: the one that runs, if one does.
        nets: those that the visitor has trained last, by their fingerprints, the latest at the end.
        seen: when the visitor last asked for something.
        uploads: when lists were sent.
    """

    def __init__(self, token: str, now: float) -> None:
        self.token = token
        self.data: Dataset | None = None
        self.text: Dataset | None = None
        self.training: Stoppable | None = None
        self.nets: OrderedDict[str, TrainedNet] = OrderedDict()
        self.seen = now
        self.uploads: deque[float] = deque()

    def keep_net(self, fingerprint: str, net: TrainedNet) -> None:
        """Remember a net; of too many the one trained first is forgotten."""
        self.nets[fingerprint] = net
        self.nets.move_to_end(fingerprint)
        while len(self.nets) > MOST_NETS:
            self.nets.popitem(last=False)

    @property
    def own(self) -> list[Dataset]:
        """What the visitor has sent and still uses."""
        return [own for own in (self.data, self.text) if own is not None]


class Sessions:
    """All visitors, the one idle for longest first. Safe to use from several threads.

    Attributes:
        on_drop: is given each own list that is no longer needed.
    """

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, on_drop: Callable[[Dataset], None] | None = None
    ) -> None:
        self._clock = clock
        self.on_drop = on_drop or _keep_quiet
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._sessions)

    def find(self, token: str | None) -> Session | None:
        """The session of a cookie, if there is one and it has not expired."""
        with self._lock:
            self.expire()
            session = self._sessions.get(token or "")
            if session is not None:
                session.seen = self._clock()
                self._sessions.move_to_end(session.token)
            return session

    def create(self) -> Session:
        """A new session; where there are too many, the one idle for longest goes."""
        with self._lock:
            self.expire()
            while len(self._sessions) >= MOST_SESSIONS:
                self._drop(next(iter(self._sessions)))
            session = Session(secrets.token_urlsafe(32), self._clock())
            self._sessions[session.token] = session
            return session

    def note_upload(self, session: Session) -> None:
        """Count a list that a visitor sends.

        Raises:
            RequestError: too many in an hour.
        """
        with self._lock:
            now = self._clock()
            while session.uploads and session.uploads[0] <= now - 3600:
                session.uploads.popleft()
            if len(session.uploads) >= UPLOADS_AN_HOUR:
                raise RequestError(429, "too-many-uploads", most=UPLOADS_AN_HOUR)
            session.uploads.append(now)

    def use(self, session: Session, data: Dataset | None) -> None:
        """Put a list in use for a visitor, None for the default; where all lists are too large, old ones go."""
        with self._lock:
            old, session.data = session.data, data
            self._replaced(session, old)

    def use_text(self, session: Session, text: Dataset | None) -> None:
        """Put a running text in use for a visitor, None for the lesson's; else as `use`."""
        with self._lock:
            old, session.text = session.text, text
            self._replaced(session, old)

    def _replaced(self, session: Session, old: Dataset | None) -> None:
        if old is not None:
            self.on_drop(old)
        for token in list(self._sessions):
            if sum(own.size_bytes for other in self._sessions.values() for own in other.own) <= MOST_BYTES:
                break
            if token != session.token:
                self._drop(token)

    def start(self, session: Session, training: Stoppable) -> None:
        """Note the training of a visitor; one that runs already is stopped."""
        with self._lock:
            if session.training is not None:
                session.training.stop()
            session.training = training

    def expire(self) -> None:
        """Drop all sessions that have been idle for too long."""
        with self._lock:
            for token, session in list(self._sessions.items()):
                if session.seen > self._clock() - IDLE_SECONDS:
                    break
                self._drop(token)

    def close(self) -> None:
        """Drop all: the server stops."""
        with self._lock:
            for token in list(self._sessions):
                self._drop(token)

    def _drop(self, token: str) -> None:
        session = self._sessions.pop(token)
        if session.training is not None:
            session.training.stop()
        for own in session.own:
            self.on_drop(own)
