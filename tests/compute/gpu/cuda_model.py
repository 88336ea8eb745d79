"""A card that is not there: the module `cupy` as the engine uses it, its kernel run in NumPy.

The kernel is `nearest.cu` step by step: threads of a round are elements of an array, and what the
hardware may do in any order is done in a random one. What is generated is not modelled but read
from the source that would be compiled: constants, types, `add` and `score`.
"""

import re
import weakref
from contextlib import nullcontext
from functools import cache
from types import CodeType, SimpleNamespace
from typing import Any

import numpy as np

from workbench.compute.gpu.kernel_source import PARAMETERS

FLOAT_MAX, FLOAT_TINY = np.finfo(np.float32).max, np.float32(1e-45)
DTYPES = {
    "unsigned char": np.uint8, "int": np.int32, "unsigned int": np.uint32,
    "unsigned long long": np.uint64, "long long": np.int64, "float": np.float32,
    "double": np.float64,
}  # fmt: skip


class OutOfMemoryError(MemoryError):
    """As cupy.cuda.memory's."""


class Array(np.ndarray):
    """On the card."""

    def get(self) -> np.ndarray:
        return np.array(self)


class Card:
    """Stands in for `cupy`.

    Attributes
    ----------
    launches : list of int
        Blocks of every launch.
    most : int
        Bytes held at most at a time.
    """

    def __init__(
        self, *, shared: int = 101_376, processors: int = 1, memory: int = 2**40, seed: int = 0
    ) -> None:
        self.rng = np.random.default_rng(seed)
        self.launches: list[int] = []
        self.held = self.most = 0
        self.limit = self.memory = memory
        device = {"MaxSharedMemoryPerBlockOptin": shared, "MultiProcessorCount": processors}
        self.shared = shared
        self.cuda = SimpleNamespace(
            Device=lambda: SimpleNamespace(attributes=device),
            MemoryPool=lambda: self,
            using_allocator=lambda malloc: nullcontext(),
            runtime=SimpleNamespace(memGetInfo=lambda: (self.memory - self.held, self.memory)),
            memory=SimpleNamespace(OutOfMemoryError=OutOfMemoryError),
        )

    # --- a pool ---

    malloc = None

    def set_limit(self, *, size: int) -> None:
        self.limit = size

    def free_all_blocks(self) -> None:
        self.limit = self.memory

    # --- arrays ---

    def asarray(self, array: np.ndarray) -> Array:
        return self._held(array.copy())

    def empty(self, shape: Any, dtype: Any) -> Array:
        """Rubbish, as memory comes."""
        count = int(np.prod(shape)) * np.dtype(dtype).itemsize
        return self._held(self.rng.bytes(count), dtype, shape)

    def _held(self, data: Any, dtype: Any = None, shape: Any = None) -> Array:
        if dtype is not None:
            data = np.frombuffer(bytearray(data), dtype).reshape(shape)
        if self.held + data.nbytes > self.limit:
            raise OutOfMemoryError(f"Out of memory allocating {data.nbytes:,} bytes")
        self.held += data.nbytes
        self.most = max(self.most, self.held)
        array = data.view(Array)
        weakref.finalize(array, self._release, data.nbytes)
        return array

    def _release(self, count: int) -> None:
        self.held -= count

    # --- the kernel ---

    def RawKernel(self, code: str, name: str, *, options: tuple) -> "Kernel":
        assert f"__launch_bounds__(THREADS, 1) {name}(PARAMETERS)" in code
        return Kernel(self, Source(code))


class Source:
    """What of the source is generated."""

    def __init__(self, code: str) -> None:
        defined = dict(re.findall(r"^#define (\w+) (\S+|\(.*\))$", code, re.M))
        self.constants = {
            name: eval(re.sub(r"(?<=[\dA-F])(LL|u)\b", "", text))
            for name, text in defined.items()
            if re.fullmatch(r"[-\d(][\w() -]*", text)
        }
        types = {name: kind for kind, name in re.findall(r"^typedef ([\w ]+) (\w+);$", code, re.M)}
        self.types = {name: DTYPES[kind] for name, kind in types.items()} | DTYPES
        terms = re.findall(r"(?:atomicAdd\(&)?sums\[(\d) \* tile\](?:, | \+= )(.+?)\)?;", code)
        self._places = [int(f) for f, _ in terms]
        self._add = compile(f"({', '.join(term for _, term in terms)},)", "add", "eval")
        (score,) = re.findall(r"double score\(.*?\) \{\n(.*?)\n\}", code, re.S)
        self._score = [line.strip() for line in score.splitlines()]

    def products(self, x: Any, y: Any) -> dict[int, Any]:
        """What `add` adds to each sum."""
        return dict(zip(self._places, eval(self._add, {"x": x, "y": y}), strict=True))

    def score(self, sums: np.ndarray, **given: Any) -> np.ndarray:
        """What `score` returns, for sums of shape (count, rows)."""
        return evaluated(self._score, given | {"sums": sums.astype(np.float64)})


def evaluated(lines: list[str], given: dict[str, Any]) -> Any:
    """The value that C statements return, of which each is but one operation."""
    names = given | {"NAN": np.nan, "sqrt": np.sqrt, "where": np.where}
    with np.errstate(all="ignore"):
        exec(_translated(tuple(lines)), names)
    return names["result"]


@cache
def _translated(lines: tuple[str, ...]) -> CodeType:
    statements = []
    for line in lines:
        match = re.fullmatch(r"(?:const (?:double|bool) (\w+) =|return) (.+);", line)
        value = re.sub(r"sums\[(\d) \* tile\]", r"sums[\1]", match[2])
        value = re.sub(r"(.+) \? (.+) : (.+)", r"where(\1, \2, \3)", value)
        statements.append(f"{match[1] or 'result'} = {value}")
    return compile("\n".join(statements), "score", "exec")


class Kernel:
    """A launch runs its blocks, one after the other, in any order."""

    max_dynamic_shared_size_bytes = 49_152

    def __init__(self, card: Card, source: Source) -> None:
        self._card, self._source = card, source

    def __call__(self, grid: tuple, block: tuple, arguments: tuple, *, shared_mem: int) -> None:
        (blocks,), (threads,) = grid, block
        assert threads == self._source.constants["THREADS"]
        assert shared_mem <= min(self.max_dynamic_shared_size_bytes, self._card.shared)
        given = {}
        for (kind, name), value in zip(PARAMETERS, arguments, strict=True):
            dtype = self._source.types.get(kind.removeprefix("const ").strip(" *"))
            assert value.dtype == dtype, name
            assert isinstance(value, Array) == kind.endswith("*"), name
            given[name] = np.asarray(value) if kind.endswith("*") else value.item()
        self._card.launches.append(blocks)
        for number in self._card.rng.permutation(blocks):
            Block(int(number), given, self._source, self._card.rng, shared_mem).run()


class Block:
    """One block of `nearest.cu`: its variables by the same names."""

    def __init__(
        self, number: int, given: dict, source: Source, rng: np.random.Generator, shared: int
    ) -> None:
        self.number, self.source, self.rng = number, source, rng
        self.given = SimpleNamespace(**given)
        self.c = SimpleNamespace(**source.constants)
        g, sum_type = self.given, np.dtype(source.types["Sum"])
        words = self.c.HEADER + (0 if g.spilled else g.capacity)
        assert 8 * words + self.c.COUNT * g.tile * sum_type.itemsize <= shared
        self.exact = sum_type.kind == "i"
        self.sums = np.empty((self.c.COUNT, g.tile), np.int64 if self.exact else sum_type)
        start = number * g.capacity
        self.keys = (
            g.scratch[start : start + g.capacity] if g.spilled
            else rng.integers(-(2**63), 2**63 - 1, g.capacity)
        )  # fmt: skip
        assert len(self.keys) == g.capacity
        self.held, self.kth = 0, self.c.EMPTY

    def run(self) -> None:
        g, c = self.given, self.c
        row = g.first + self.number
        for low in range(0, g.n, g.tile):
            high = min(low + g.tile, g.n)
            self.sums[:] = 0
            self._tile(low, high, int(g.begins[row]), int(g.ends[row]))
            assert not self.exact or np.abs(self.sums).max() < 2**31
            for start in range(low, high, c.THREADS):
                self._offer(self._keys(np.arange(start, min(start + c.THREADS, high)), low, row))
        self._cut()
        at = slice(self.number * g.k, (self.number + 1) * g.k)
        best = np.full(g.k, c.EMPTY)
        best[: self.held] = self.keys[: self.held]
        found = best != c.EMPTY
        g.indices.reshape(-1)[at] = np.where(found, c.LAST - (best & 0xFFFFFFFF), -1)
        g.scores.reshape(-1)[at] = np.where(found, score_of(best), 0)

    # --- sums ---

    def _tile(self, low: int, high: int, begin: int, end: int) -> None:
        c = self.c
        warps = c.THREADS // c.WARP
        for warp in self.rng.permutation(warps):
            if c.CODED:
                group = min(-(-(end - begin) // warps), c.WARP)
                self._accumulate(low, low, high, begin + warp * group, end, group, warps * group)
            else:
                width = -(-self.given.tile // warps)
                start = min(low + warp * width, high)
                stop = min(start + width, high)
                self._accumulate(low, start, stop, begin, end, c.WARP, c.WARP)

    def _accumulate(
        self, base: int, low: int, high: int, at: int, end: int, group: int, stride: int
    ) -> None:
        g, c = self.given, self.c
        while at < end:
            for e in range(at, at + min(end - at, group)):
                feature = g.features[e]
                first, last = int(g.starts[feature]), int(g.starts[feature + 1])
                rows = g.entries[first:last] >> np.uint32(c.SHIFT)
                piece = slice(*(first + np.searchsorted(rows, [low, high])))
                entries = g.entries[piece]
                if not len(entries):
                    continue
                x = g.query_values[e].item() + (g.least if c.CODED else 0)
                y = (entries & c.MASK).astype(int) + g.least if c.CODED else g.values[piece]
                places = (entries >> np.uint32(c.SHIFT)) - base
                for f, product in self.source.products(x, y).items():
                    self.sums[f, places] += product
            at += stride

    # --- keys ---

    def _keys(self, other: np.ndarray, low: int, row: int) -> np.ndarray:
        g, c = self.given, self.c
        floor = -FLOAT_MAX if c.SIGNED else FLOAT_TINY
        mine = self.sums[:, other - low]
        may = (other != g.self_ranks[row]) & (bool(c.SIGNED) | (mine[0] != 0))
        with np.errstate(all="ignore"):
            if c.BOUNDED:
                bound = self.source.types["Bound"]
                most = mine[-1].astype(bound) * g.bound[other] * g.query_bound[row]
                limit = floor if self.kth == c.EMPTY else score_of(np.array([self.kth]))[0]
                may &= most.astype(np.float32) >= limit
            may &= (c.COUNT == 1) | (mine[0] >= g.min_overlap)
            found = self.source.score(
                mine, a=g.left[row], b=g.right[other], shrink=g.shrink, unit=g.unit
            )
            found = np.broadcast_to(found, other.shape).astype(np.float32)
        keys = key_of(found, g.ids[other], c.LAST)
        return np.where(may & (found >= floor), keys, c.EMPTY)

    def _offer(self, keys: np.ndarray) -> None:
        better = self.rng.permutation(keys[keys > self.kth])
        assert self.held + self.c.THREADS <= self.given.capacity, "a round may not fit"
        self.keys[self.held : self.held + len(better)] = better
        self.held += len(better)
        if self.held > self.given.capacity - self.c.THREADS:
            self._cut()

    def _cut(self) -> None:
        keys, size = self.keys, 2
        while size < self.held:
            size *= 2
        keys[self.held : size] = self.c.EMPTY
        span = 2
        while span <= size:
            gap = span // 2
            while gap:
                i = np.arange(size // 2)
                left = 2 * i - (i & (gap - 1))
                right = left + gap
                swap = (keys[left] < keys[right]) == ((left & span) == 0)
                left, right = left[swap], right[swap]
                keys[left], keys[right] = keys[right], keys[left]
                gap //= 2
            span *= 2
        if self.held >= self.given.k:
            self.held, self.kth = self.given.k, int(keys[self.given.k - 1])


def key_of(score: np.ndarray, ids: np.ndarray, last: int) -> np.ndarray:
    bits = (score + np.float32(0)).view(np.int32)
    ordered = (bits ^ ((bits >> 31) & 0x7FFFFFFF)).astype(np.int64)
    return (ordered << 32) | (last - ids.astype(np.int64))


def score_of(keys: np.ndarray) -> np.ndarray:
    bits = (keys >> 32).astype(np.int32)
    return (bits ^ ((bits >> 31) & 0x7FFFFFFF)).view(np.float32)
