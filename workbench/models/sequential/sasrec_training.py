"""How the network of `Sequential` learns, epoch by epoch, and checkpoints to go on from."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional
from tqdm.auto import tqdm

from workbench.errors import ModelFileError, OptionError
from workbench.io import atomic_file
from workbench.models.sequential.sasrec_network import Network

LOGITS = 2**26  # scores held at a time


def train(
    shape: dict[str, Any],
    windows: np.ndarray,
    *,
    device: str,
    epochs: int,
    learning_rate: float,
    batch_size: int,
    patience: int,
    seed: int,
    check: Callable[[Network], float] | None,
    checkpoint: Path | None,
    task: dict[str, Any],
) -> tuple[dict[str, np.ndarray], list[float]]:
    """Learn to say what follows each entry.

    Every epoch draws from a seed of its own, so that one that was broken off can be done again.
    Returned are the weights of the best epoch (the last without a `check`), and what `check` said
    after every epoch.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = Network(**shape).to(device)
        optimiser = torch.optim.Adam(network.parameters(), lr=learning_rate, betas=(0.9, 0.98))
        sequences = torch.from_numpy(windows)
        history, best = _resume(checkpoint, task, network, optimiser)
        for epoch in tqdm(range(len(history), epochs), desc="Sequential", unit="epoch", delay=2):
            if check is not None and len(history) - _best(history) >= patience:
                break
            torch.manual_seed(int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0]))
            _epoch(network, optimiser, sequences, batch_size)
            history.append(check(network.eval()) if check is not None else math.nan)
            if check is None or _best(history) == len(history):
                best = {name: value.clone() for name, value in network.state_dict().items()}
            if checkpoint is not None:
                save_checkpoint(checkpoint, task, network, optimiser, history, best)
    return {name: value.cpu().numpy() for name, value in best.items()}, history


def _best(history: list[float]) -> int:
    """Epochs up to the best one, the first of equals."""
    return int(np.argmax(history)) + 1 if history else 0


def _epoch(
    network: Network, optimiser: torch.optim.Optimizer, sequences: torch.Tensor, batch_size: int
) -> None:
    network.train()
    device = network.items.weight.device
    for rows in torch.randperm(len(sequences)).split(batch_size):
        batch = sequences[rows]
        batch = batch[:, : int((batch > 0).sum(dim=1).max())].to(device)
        known = batch[:, 1:] > 0
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            hidden = network(batch[:, :-1])[known]
            backward(hidden, batch[:, 1:][known] - 1, network.vectors)
        optimiser.step()
        optimiser.zero_grad()


def backward(hidden: torch.Tensor, targets: torch.Tensor, vectors: torch.Tensor) -> None:
    """Gradients of the mean cross-entropy over all items, with few scores held at a time."""
    step = max(1, LOGITS // len(vectors))
    inputs = hidden.detach().requires_grad_()
    outputs = vectors.detach().requires_grad_()
    for part, items in zip(inputs.split(step), targets.split(step), strict=True):
        loss = functional.cross_entropy(part @ outputs.T, items, reduction="sum") / len(targets)
        loss.backward()
    torch.autograd.backward([hidden, vectors], [inputs.grad, outputs.grad])


def save_checkpoint(
    path: Path,
    task: dict[str, Any],
    network: Network,
    optimiser: torch.optim.Optimizer,
    history: list[float],
    best: dict[str, torch.Tensor],
) -> None:
    """Write all that is needed to go on after an epoch."""
    state = {"network": network.state_dict(), "optimiser": optimiser.state_dict(), "best": best}
    try:
        with atomic_file(path) as draft:
            torch.save(state | {"task": task, "history": history}, draft)
    except (OSError, RuntimeError) as error:
        raise ModelFileError(f"checkpoint {str(path)!r} cannot be written: {error}") from error


def _resume(
    path: Path | None, task: dict[str, Any], network: Network, optimiser: torch.optim.Optimizer
) -> tuple[list[float], dict[str, torch.Tensor]]:
    """Take up what a checkpoint holds; history and best weights are empty where there is none."""
    if path is None or not path.exists():
        return [], {}
    try:
        state = torch.load(path, map_location=network.items.weight.device, weights_only=True)
        known = state["task"]
        if known == task:
            network.load_state_dict(state["network"])
            optimiser.load_state_dict(state["optimiser"])
            return list(state["history"]), dict(state["best"])
    except Exception as error:  # a stranger's bytes may set off any
        raise ModelFileError(
            f"checkpoint {str(path)!r} is damaged ({type(error).__name__}); delete it to start anew"
        ) from error
    differs = ", ".join(name for name in task if known.get(name) != task[name])
    raise OptionError(
        f"checkpoint {str(path)!r} is of another training, which differs in {differs}; delete it "
        "to start anew, or name another file"
    )
