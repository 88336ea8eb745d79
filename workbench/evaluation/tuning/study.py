"""A study of Optuna's: kept in a file, known again, and for a seed the same however it stops."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from workbench.errors import DataFileError, OptionError

NAME = "workbench"
ABOUT = "about"  # what is tuned by what, kept beside the trials
REFUSED = "refused"  # why a trial was passed over


def opened(storage: str | Path | None, about: dict[str, Any], *, maximise: bool) -> Any:
    """Return a new study, or the one that the file holds.

    Raises
    ------
    OptionError
        If that is about something else.
    DataFileError
        If the file holds no study.
    """
    import optuna

    study = optuna.create_study(
        storage=None if storage is None else _journal(Path(storage)),
        study_name=NAME,
        direction="maximize" if maximise else "minimize",
        load_if_exists=True,
    )
    mine = json.loads(json.dumps(about, default=repr))
    kept = study.user_attrs.get(ABOUT)
    if kept is None:
        study.set_user_attr(ABOUT, mine)
    elif changed := [name for name in mine if kept.get(name) != mine[name]]:
        now, then = ({name: held.get(name) for name in changed} for held in (mine, kept))
        raise OptionError(
            f"storage={str(storage)!r} holds a study with {then}, not {now}; name a new file"
        )
    return study


def trials(
    study: Any, tried: dict[str, Any], *, seed: int, budget: int, timeout: float | None
) -> Iterator[Any]:
    """Trials to be concluded, until there are as many as the budget or time is up."""
    start = perf_counter()
    for turn in range(len(finished(study)), budget):
        study.sampler = _sampler(seed, turn)
        yield study.ask(tried)
        if timeout is not None and perf_counter() - start >= timeout:
            return


def conclude(study: Any, trial: Any, value: float | None, reason: str | None) -> None:
    """Give a trial its value; or pass it over, for a reason that is kept with it."""
    from optuna.trial import TrialState

    trial.set_user_attr(REFUSED, reason)
    study.tell(trial, value, state=TrialState.PRUNED if value is None else None)


def finished(study: Any) -> list[Any]:
    """Trials that were concluded, not those that an interrupt or an error cut short."""
    from optuna.trial import TrialState

    return list(study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED)))


def _sampler(seed: int, turn: int) -> Any:
    """One for every trial, so that a study that stopped goes on as if it had not."""
    from optuna.samplers import TPESampler

    own = int(np.random.SeedSequence([seed, turn]).generate_state(1)[0])
    # Not to be steered away from trials that were cut short.
    return TPESampler(seed=own, constant_liar=False)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Optuna from telling of every trial beside the progress bar."""
    from optuna import logging

    level = logging.get_verbosity()
    logging.set_verbosity(logging.WARNING)
    try:
        yield
    finally:
        logging.set_verbosity(level)


def _journal(path: Path) -> Any:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return JournalStorage(JournalFileBackend(str(path)))
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise DataFileError(
            f"storage={str(path)!r} is no file of a study ({type(error).__name__}: {error}); "
            f"name a new file"
        ) from error
