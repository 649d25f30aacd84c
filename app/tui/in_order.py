"""Keys one after the other: the next is passed on once everything that the one before does is done.

Textual gives a key to the focused widget at once, while its binding acts only after the key has come all the way up to
the app. So the second of two quick keys finds the widget as it was before the first: of `e` and a sentence typed in one
go the first letters would be commands still, and the others text.
"""

from __future__ import annotations

import time
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from textual import events
from textual.app import App

if TYPE_CHECKING:
    from textual.message_pump import MessagePump
    from textual.screen import Screen

Given: TypeAlias = "events.Key | events.Paste"
PATIENCE = 1.0  # seconds; a key whose widget was taken away before it could tell is waited for no longer
OLD_KEY, MANY_KEYS = 1.0, 30  # seconds since it was pressed; messages and keys that wait behind it


class InOrder(App[None]):
    """An app in which no key, or paste, overtakes another. What is too old in a long queue (junk was pasted, a key
    was held down) is dropped: nobody wants the app to go on by itself for half a minute. Leaving waits for none."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._keys: deque[Given] = deque()
        self._under_way: Given | None = None
        self._since = 0.0
        self._before: Screen[Any] | None = None  # the screen that was shown when that one came

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, (events.Key, events.Paste)):
            await super().on_event(event)
        elif self._exit or (event.is_forwarded and not self.screen_stack):
            return
        elif event.is_forwarded:
            await super().on_event(event)
            await self._go_on(event)
        else:
            self._keys.append(event)
            if time.monotonic() - self._since > PATIENCE:
                self._under_way = None
            await self._pass_on()

    async def _pass_on(self) -> None:
        """Give the next key to whatever has the focus, unless there is one under way."""
        while self._keys and self._under_way is None and self.screen_stack and not self._exit:
            key = self._keys.popleft()
            if self._overrun(key):
                continue
            self._under_way, self._since, self._before = key, time.monotonic(), self.screen
            widget = self.focused or self.screen
            await super().on_event(key)
            if key.is_forwarded:
                self._accompany(widget, key)
                self.set_timer(PATIENCE, partial(self._go_on, key))
            else:
                self._under_way = None

    def _overrun(self, key: Given) -> bool:
        waiting = self._message_queue.qsize() + len(self._keys)
        return waiting > MANY_KEYS and time.monotonic() - key.time > OLD_KEY

    def _accompany(self, at: MessagePump, key: Given) -> None:
        """Be called when a widget has had the key, and go on to the next: its parent, up to the app, which sees the key
        itself."""
        if at is not self and not at.call_later(self._passed, at, key):
            self.call_later(self._go_on, key)

    def _passed(self, at: MessagePump, key: Given) -> None:
        if key._stop_propagation or at._parent is None:
            self.call_later(self._go_on, key)
        else:
            self._accompany(at._parent, key)

    async def _go_on(self, key: Given) -> None:
        """That key is done; a screen that it has opened first gives the focus to where the next ones belong."""
        if key is not self._under_way or not self.screen_stack:
            return
        before, self._before = self._before, self.screen
        if before is not self.screen and self.screen.call_later(self.call_later, self._go_on, key):
            return
        self._under_way = None
        await self._pass_on()
