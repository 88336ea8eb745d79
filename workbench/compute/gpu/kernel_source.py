"""The CUDA kernel's source, written for a metric, and how its block's memory is laid out.

`nearest.cu` holds the algorithm; here is what comes before it: the constants, what a pair of
entries adds to the sums, and the metric's epilogue, traced from the function that all engines use.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from workbench.compute.metrics import METRICS, SUMS
from workbench.compute.topk_keys import EMPTY

CONSTANTS = {
    "THREADS": 1024,  # of a block: with most of a processor's shared memory, it is alone there
    "WARP": 32,
    "HEADER": 2,  # words of shared memory before the keys: the list's cursor
    "LAST": 0xFFFFFFFF,  # less an id, the lower half of a key
    "EMPTY": int(EMPTY),
}
FIXED = {"u32": "unsigned int", "u64": "unsigned long long", "i64": "long long"}
CODED = {"SHIFT": 8, "MASK": 255}  # of an entry: rank << 8 | code
PLAIN = {"SHIFT": 0, "MASK": 0}

OPTIONS = ("--std=c++14", "--fmad=false")
"""For the compiler: a fused multiply-add would round once where the processor rounds twice."""

PARAMETERS = (
    ("const u32 *", "entries"),
    ("const double *", "values"),
    ("const u64 *", "starts"),
    ("const u32 *", "features"),
    ("const QueryValue *", "query_values"),
    ("const u64 *", "begins"),
    ("const u64 *", "ends"),
    ("const i64 *", "self_ranks"),
    ("const double *", "left"),
    ("const double *", "right"),
    ("const Bound *", "query_bound"),
    ("const Bound *", "bound"),
    ("const u32 *", "ids"),
    ("i64 *", "scratch"),
    ("int *", "indices"),
    ("float *", "scores"),
    ("u64 ", "first"),
    ("u32 ", "n"),
    ("u32 ", "tile"),
    ("u32 ", "k"),
    ("u32 ", "capacity"),
    ("int ", "spilled"),
    ("int ", "least"),
    ("double ", "min_overlap"),
    ("double ", "shrink"),
    ("double ", "unit"),
)
"""What the kernel takes, in order.

entries, values, starts : as `compute.cpu.packing.Entries`; no values where there are codes
features, query_values, begins, ends : by row that is searched for: its features, codes or values
self_ranks, left, query_bound : of each such row: its rank or -1, and as in `Scoring`
right, bound, ids : of each row, by rank
scratch : room for the keys of every block, where they are `spilled`
first, n, tile : the first row of this launch, the number of all rows, and of those in a tile
least : the value of code 0
"""


class Kernel(NamedTuple):
    """What a kernel is compiled for."""

    metric: str
    sums: tuple[str, ...]  # as `workbench.compute.options.SimilarityOptions.sums`
    coded: bool  # whether entries hold codes of whole numbers, and sums are integers
    bounded: bool  # as in `workbench.compute.cpu.scoring.Scoring`
    signed: bool

    @property
    def types(self) -> dict[str, Any]:
        """C's names of types in `nearest.cu` as NumPy's."""
        integers = {"u32": np.uint32, "u64": np.uint64, "i64": np.int64, "int": np.int32}
        floats = {"float": np.float32, "double": np.float64}
        chosen = {"QueryValue": np.uint8, "Bound": np.float32, "Sum": np.int32, "Number": np.int32}
        plain = dict.fromkeys(chosen, np.float64)
        return integers | floats | (chosen if self.coded else plain)

    def dtype(self, parameter: str) -> Any:
        """NumPy's type of a parameter, or of what it points to."""
        kind = {name: kind for kind, name in PARAMETERS}[parameter]
        return self.types[kind.removeprefix("const ").rstrip(" *")]


class Layout(NamedTuple):
    """A block's shared memory: `capacity` keys, unless they are spilled, and a tile's sums."""

    tile: int
    capacity: int
    spilled: bool
    size: int


def layout(kernel: Kernel, n: int, k: int, most: int) -> Layout:
    """Lay out shared memory, of which a block may have `most` bytes: as wide a tile as fits."""
    # What is held after a cut, and a round of offers; a power of two can be sorted by pairs.
    capacity = 1 << max(1, (k + CONSTANTS["THREADS"] - 1).bit_length())
    spilled = 8 * capacity > most // 2
    keys = 8 * (CONSTANTS["HEADER"] + (0 if spilled else capacity))
    each = len(kernel.sums) * np.dtype(kernel.types["Sum"]).itemsize
    tile = max(1, min(n, (most - keys) // each))
    return Layout(tile, capacity, spilled, keys + tile * each)


# --- source -------------------------------------------------------------------------------------


def source(kernel: Kernel) -> str:
    """CUDA C of the kernel `nearest`, compiled with OPTIONS."""
    switches = {"CODED": kernel.coded, "BOUNDED": kernel.bounded, "SIGNED": kernel.signed}
    constants = CONSTANTS | (CODED if kernel.coded else PLAIN) | {"COUNT": len(kernel.sums)}
    defined = constants | {name: int(value) for name, value in switches.items()}
    head = [*definitions(defined), *_types(kernel)]
    restricted = (kind.replace("*", "*__restrict__ ") for kind, _ in PARAMETERS)
    names = (name for _, name in PARAMETERS)
    parameters = ", ".join(map("".join, zip(restricted, names, strict=True)))
    head += [f"#define PARAMETERS {parameters}", *_add(kernel), *_score(kernel)]
    return "\n".join(head) + "\n" + text("list.cu") + text("nearest.cu")


def text(name: str) -> str:
    """CUDA C that comes with this module."""
    return Path(__file__).with_name(name).read_text("utf-8")


def definitions(constants: dict[str, int]) -> list[str]:
    """Lines that define constants, and NAN."""
    lines = [f"#define {name} {_integer(value)}" for name, value in constants.items()]
    return [*lines, "#define NAN __longlong_as_double(0x7ff8000000000000LL)"]


def _integer(value: int) -> str:
    if value == EMPTY:
        return f"({value + 1}LL - 1)"  # C has no negative literals
    return f"{value}u" if value >= 2**31 else str(value)


def _types(kernel: Kernel) -> list[str]:
    words = {np.uint8: "unsigned char", np.int32: "int", np.float32: "float", np.float64: "double"}
    chosen = {name: words[kernel.types[name]] for name in ("QueryValue", "Bound", "Sum", "Number")}
    return [f"typedef {word} {name};" for name, word in (FIXED | chosen).items()]


def _add(kernel: Kernel) -> list[str]:
    """A function that adds what a pair of values x and y does to the sums."""
    lines = []
    for place, name in enumerate(kernel.sums):
        p, q = SUMS[name]
        product = " * ".join(["x"] * p + ["y"] * q) or "1"
        to = f"sums[{place} * tile]"
        adds = f"atomicAdd(&{to}, {product})" if kernel.coded else f"{to} += {product}"
        lines.append(f"    {adds};")
    return ["__device__ void add(Sum *sums, u32 tile, Number x, Number y) {", *lines, "}"]


def _score(kernel: Kernel) -> list[str]:
    """A function that scores a pair of rows."""
    metric = METRICS[kernel.metric]
    loads = [
        f"const double {name} = sums[{kernel.sums.index(name)} * tile];" for name in metric.sums
    ]
    parameters = "const Sum *sums, u32 tile, double a, double b, double shrink, double unit"
    body = [f"    {line}" for line in loads + traced(metric.epilogue, metric.sums)]
    return [f"__device__ double score({parameters}) {{", *body, "}"]


def traced(epilogue: Callable[..., Any], sums: tuple[str, ...]) -> list[str]:
    """C statements of a metric's epilogue, one operation each, in the order Python does them."""
    lines: list[str] = []
    names = ("n", "x", "xx", "y", "yy", "xy")
    sums_read = [_Term(name if name in sums else "0.0", lines) for name in names]
    others = [_Term(name, lines) for name in ("a", "b", "shrink", "unit")]
    result = epilogue(_sqrt, _where, *sums_read, *others)
    return [*lines, f"return {result};"]


class _Term:
    """A number of an epilogue: what is done to it is written down."""

    def __init__(self, text: str, lines: list[str]) -> None:
        self._text = text
        self._lines = lines

    def __str__(self) -> str:
        return self._text

    def __bool__(self) -> bool:
        raise TypeError("an epilogue chooses by where(), not by if: it runs on arrays too")

    def then(self, kind: str, value: str) -> "_Term":
        name = f"t{len(self._lines)}"
        self._lines.append(f"const {kind} {name} = {value};")
        return _Term(name, self._lines)


def _operator(symbol: str, kind: str, swapped: bool = False) -> Callable[..., _Term]:
    def operate(self: _Term, other: Any) -> _Term:
        left, right = (_text(other), self) if swapped else (self, _text(other))
        return self.then(kind, f"{left} {symbol} {right}")

    return operate


for _name, _symbol in {"add": "+", "sub": "-", "mul": "*", "truediv": "/"}.items():
    setattr(_Term, f"__{_name}__", _operator(_symbol, "double"))
    setattr(_Term, f"__r{_name}__", _operator(_symbol, "double", swapped=True))
for _name, _symbol in {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}.items():
    setattr(_Term, f"__{_name}__", _operator(_symbol, "bool"))


def _text(value: Any) -> str:
    if isinstance(value, _Term):
        return str(value)
    return "NAN" if np.isnan(value) else repr(float(value))


def _sqrt(term: _Term) -> _Term:
    return term.then("double", f"sqrt({term})")


def _where(condition: _Term, yes: Any, no: Any) -> _Term:
    return condition.then("double", f"{condition} ? {_text(yes)} : {_text(no)}")
