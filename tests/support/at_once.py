"""Two people at the same moment: real threads on real connections."""

import threading
from collections.abc import Callable

from django.db import connection

from xingyang_pm.common import clock
from xingyang_pm.common.errors import BusinessError


def at_once(*doors: Callable[[], object], also: tuple[type[Exception], ...] = ()) -> list[object]:
    """Run ``doors`` in threads that start together; return what each returned, or the
    :class:`BusinessError` (or one of ``also``) that refused it. Any other error fails the test."""
    barrier = threading.Barrier(len(doors))
    outcomes: list[object] = [None] * len(doors)
    crashes: list[BaseException] = []
    moment = clock.now()

    def run(index: int, door: Callable[[], object]) -> None:
        try:
            # The frozen clock is the thread's own.
            with clock.freeze(moment):
                barrier.wait(10)
                outcomes[index] = door()
        except (BusinessError, *also) as error:
            outcomes[index] = error
        except BaseException as error:  # noqa: BLE001  told by the test's own thread
            crashes.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(doors)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "two acts wait for each other"
    assert not crashes, crashes
    return outcomes


def refusals(outcomes: list[object]) -> list[BusinessError]:
    """Return the refusals among ``outcomes``; each says in Chinese what is wrong."""
    refused = [outcome for outcome in outcomes if isinstance(outcome, BusinessError)]
    assert all(any("一" <= letter <= "鿿" for letter in error.message) for error in refused)
    return refused


def one_effect(outcomes: list[object]) -> list[BusinessError]:
    """Assert that all but one were refused; return the refusals."""
    refused = refusals(outcomes)
    assert len(refused) == len(outcomes) - 1, outcomes
    return refused
