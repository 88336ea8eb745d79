"""The parameters that tuning may try."""

from collections.abc import Callable, Mapping, Sequence
from inspect import signature
from numbers import Integral, Real
from typing import Any

from workbench.errors import OptionError


def distributions(space: Mapping[str, Any]) -> dict[str, Any]:
    """Return Optuna's distributions of a space, as `workbench.tune` takes it.

    Raises
    ------
    OptionError
        If the space is empty, or an entry is neither choices nor a range.
    """
    if not space:
        raise OptionError("space is empty; name a parameter, such as {'k': (10, 200)}")
    return {name: _distribution(name, values) for name, values in sorted(space.items())}


def check_names(model: Callable[..., Any], space: Mapping[str, Any]) -> None:
    """Refuse a parameter that the model does not take."""
    known = signature(model).parameters
    takes_any = any(parameter.kind == parameter.VAR_KEYWORD for parameter in known.values())
    if not takes_any and (strange := [name for name in space if name not in known]):
        raise OptionError(f"space: the model takes no {strange}; it takes {list(known)}")


def _distribution(name: str, values: Any) -> Any:
    from optuna.distributions import CategoricalDistribution

    if isinstance(values, tuple):
        return _range(name, values)
    if isinstance(values, str) or not isinstance(values, Sequence) or not values:
        raise _refused(name, values)
    if not all(value is None or isinstance(value, str | Real) for value in values):
        raise OptionError(f"space[{name!r}]={values!r}: a choice is text, a number, a bool or None")
    return CategoricalDistribution(values)


def _range(name: str, values: tuple[Any, ...]) -> Any:
    from optuna.distributions import FloatDistribution, IntDistribution

    match values:
        case (Real() as low, Real() as high):
            log = False
        case (Real() as low, Real() as high, "log"):
            log = True
        case _:
            raise _refused(name, values)
    if isinstance(low, bool) or isinstance(high, bool) or not low < high or (log and low <= 0):
        raise _refused(name, values)
    if isinstance(low, Integral) and isinstance(high, Integral):
        return IntDistribution(int(low), int(high), log=log)
    return FloatDistribution(float(low), float(high), log=log)


def _refused(name: str, values: Any) -> OptionError:
    return OptionError(
        f"space[{name!r}]={values!r} must be a list of choices, or (low, high) or "
        f"(low, high, 'log') with low below high, and above 0 for 'log'"
    )
