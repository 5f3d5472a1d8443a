"""Weights that are computed: w = H(u), both rules for updating u, shared weights as an H, and a network that writes another's weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from optogram.drawing.plots import curves
from optogram.drawing.sheet import stacked
from optogram.lab._result import Finding, LabResult, made_by
from optogram.lab._show import Measured, whiskers
from optogram.lab._stack import Stack, drawn, fitted
from optogram.progress import Progress, track

OUTPUTS, INPUTS = 6, 4
"""Length of w and of u in the checks of the rules."""
RATES = tuple(10.0 ** -(power / 2) for power in range(8, 1, -1))
HIDDEN = 12
"""Hidden units of the network that writes weights; the fixed network has as many parameters in all."""

Answer = Callable[[Stack, Tensor], Tensor]


@dataclass(frozen=True, kw_only=True, eq=False)
class ParametersResult(LabResult):
    """`jump[map, rate]`: how far the second rule misses H(u after one step), for a linear and a curved H, over `rates`.

    `shared`: the four gradients dC/dw and the two dC/du of the shared weights. `errors[network, seed]`: mean squared errors on new points of the
    hypernetwork, of the fixed network and of the best linear map. `turns` and `answers`: the angle asked for, and the angle by which each turned.
    """

    ARRAYS: ClassVar[tuple[str, ...]] = ("rates", "jump", "shared", "errors", "turns", "answers")
    rates: Float[np.ndarray, " rate"]
    jump: Float[np.ndarray, "map rate"]
    shared: tuple[Float[np.ndarray, " weight"], Float[np.ndarray, " parameter"]]
    errors: Float[np.ndarray, "network seed"]
    turns: Float[np.ndarray, " turn"]
    answers: Float[np.ndarray, "model turn"]

    def pictures(self) -> dict[str, Image.Image]:
        """How the second rule's error falls with the step; what each network turned by."""
        logs = np.log10(self.rates).tolist()
        floor = np.log10(np.maximum(self.jump, 1e-17))
        rules = curves(
            {"H curved": (logs, floor[1].tolist()), "H linear": (logs, floor[0].tolist())},
            across="log10 of the step eta",
            up="log10 of |w by the rule - H(u after the step)|",
            title="w - eta (dH/du)(dH/du)^T dC/dw is H of the new u: exactly if H is linear, else up to eta squared",
            include=(-17.0,),
            width=560,
        )
        degrees = np.degrees(self.turns).tolist()
        names = ("hypernetwork", "fixed network")
        lines = {name: (degrees, np.degrees(answer).tolist()) for name, answer in zip(names, self.answers, strict=True)}
        turned = curves(
            {"asked": (degrees, degrees), **lines},
            across="degrees asked for",
            up="degrees turned",
            title="Turn a point by an angle that is an input too",
            width=360,
        )
        rows = [
            Measured(name, float(np.median(errors)), float(errors.min()), float(errors.max()))
            for name, errors in zip((*names, "best linear map"), self.errors, strict=True)
        ]
        sizes = f"{parameters_of_writer()} parameters and {parameters_of_fixed(fixed_units())}"
        note = f"Medians over {self.errors.shape[1]} random starts, bars from the least to the greatest. Hypernetwork and fixed network: {sizes}."
        return {"rules": rules, "hypernetwork": stacked([turned, whiskers(rows, title="Mean squared error on new points", note=note)])}


def parameters(
    *,
    networks: Annotated[int, "Hypernetworks, and fixed networks, each from its own random start."] = 20,
    steps: Annotated[int, "Training steps."] = 1500,
    quick: bool = False,
    seed: int = 0,
    progress: Progress = True,
) -> ParametersResult:
    """Checks the update rules for w = H(u) against automatic differentiation, and trains networks whose weights depend on the input.

    Rule 1: u <- u - eta (dH/du)^T dC/dw, which is gradient descent on u. Rule 2: w <- w - eta (dH/du)(dH/du)^T dC/dw, without u.
    The task: turn a point by an angle, both inputs; the answer is linear in the point, with weights that depend on the angle.
    """
    networks, steps = (min(networks, 8), min(steps, 300)) if quick else (networks, steps)
    rates = np.array(RATES)
    gradient_gap = _rule_one(seed)
    jump = np.array([[_rule_two(kind, rate, seed) for rate in RATES] for kind in ("linear", "curved")])
    slope = float(np.polyfit(np.log10(rates[:5]), np.log10(jump[1][:5]), 1)[0])
    by_weight, by_parameter = shared_gradients(seed)
    with track("parameters", 2 * steps, progress) as advance:
        errors, answers = _turning(networks, steps, seed, advance)
    turns = np.linspace(-np.pi, np.pi, answers.shape[1])
    written, fixed, linear = (float(np.median(row)) for row in errors)
    wins = int((errors[0] < errors[1].min()).sum())
    sizes = f"dH/du is [{OUTPUTS}, {INPUTS}], dC/dw [{OUTPUTS}], dC/du [{INPUTS}]"
    findings = (
        Finding("rule_1", gradient_gap, f"(dH/du)^T dC/dw differs from automatic differentiation by at most {gradient_gap:.1e} ({sizes})."),
        Finding("rule_2_linear", float(jump[0].max()), f"Rule 2 misses H(new u) by at most {jump[0].max():.1e} at any step where H is linear."),
        Finding("rule_2_order", slope, f"Where H is curved, its miss falls as the step to the power {slope:.2f}; the theory says 2.", control=2.0),
        Finding(
            "sharing",
            float(np.abs(by_parameter - [by_weight[:2].sum(), by_weight[2:].sum()]).max()),
            f"With w1 = w2 = u1 and w3 = w4 = u2 the gradients sum: {by_weight[0]:.3f} + {by_weight[1]:.3f} = {by_parameter[0]:.3f} "
            f"and {by_weight[2]:.3f} + {by_weight[3]:.3f} = {by_parameter[1]:.3f}.",
        ),
        Finding(
            "hypernetwork",
            written,
            f"{wins} of {networks} hypernetworks turn points better than the best of {networks} fixed networks of their size: "
            f"mean squared error {written:.4f} against {fixed:.4f} (medians); the best linear map has {linear:.3f}.",
            low=float(errors[0].min()),
            high=float(errors[0].max()),
            control=fixed,
            chance=linear,
        ),
    )
    return ParametersResult(
        findings=findings,
        provenance=made_by("parameters", seed=seed, settings={"networks": networks, "steps": steps}),
        rates=rates,
        jump=jump,
        shared=(by_weight, by_parameter),
        errors=errors,
        turns=turns,
        answers=answers,
    )


def weights_of(u: Float[Tensor, " in"], kind: str, seed: int) -> Float[Tensor, " out"]:
    """A map from parameters to weights: a random matrix, or the hyperbolic tangent of one and its squares."""
    random = torch.Generator().manual_seed(seed + 7)
    matrix = torch.randn(OUTPUTS, INPUTS, generator=random, dtype=torch.float64)
    return matrix @ u if kind == "linear" else torch.tanh(matrix @ u) + 0.3 * (matrix @ u) ** 2


def cost(w: Float[Tensor, " out"]) -> Float[Tensor, ""]:
    """A cost of the weights that is not quadratic."""
    return (w**2).sum() / 2 + torch.sin(w).sum()


def _start(seed: int) -> Tensor:
    return torch.randn(INPUTS, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _chain(u: Tensor, kind: str, seed: int) -> tuple[Tensor, Tensor]:
    """dH/du and dC/dw, each by itself."""
    jacobian = torch.autograd.functional.jacobian(lambda at: weights_of(at, kind, seed), u)
    w = weights_of(u, kind, seed).detach().requires_grad_()
    return jacobian, torch.autograd.grad(cost(w), w)[0]


def _rule_one(seed: int) -> float:
    """The greatest difference of (dH/du)^T dC/dw from the gradient of the whole."""
    gaps = []
    for kind in ("linear", "curved"):
        u = _start(seed).requires_grad_()
        whole = torch.autograd.grad(cost(weights_of(u, kind, seed)), u)[0]
        jacobian, outer = _chain(u.detach(), kind, seed)
        gaps.append(float((jacobian.T @ outer - whole).abs().max()))
    return max(gaps)


def _rule_two(kind: str, rate: float, seed: int) -> float:
    """|w - eta (dH/du)(dH/du)^T dC/dw - H(u - eta dC/du)|."""
    u = _start(seed)
    jacobian, outer = _chain(u, kind, seed)
    return float((weights_of(u, kind, seed) - rate * jacobian @ jacobian.T @ outer - weights_of(u - rate * jacobian.T @ outer, kind, seed)).norm())


def shared_gradients(seed: int) -> tuple[Float[np.ndarray, " weight"], Float[np.ndarray, " parameter"]]:
    """dC/dw for four weights of which two and two are one parameter each, and dC/du by automatic differentiation of the whole."""
    share = torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1]], dtype=torch.float64)
    u = torch.randn(2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).requires_grad_()
    w = (share @ u).detach().requires_grad_()
    scale = torch.arange(1.0, 5.0, dtype=torch.float64)
    by_weight = torch.autograd.grad(cost(scale * w), w)[0]
    by_parameter = torch.autograd.grad(cost(scale * (share @ u)), u)[0]
    return by_weight.numpy(), by_parameter.numpy()


def parameters_of_writer(units: int = HIDDEN) -> int:
    """Of the hypernetwork: the angle, a hidden layer, the four weights of a matrix."""
    return 2 * units + 4 * (units + 1)


def parameters_of_fixed(units: int) -> int:
    """Of a network that is given the point and the angle, has one hidden layer and answers with a point."""
    return 4 * units + 2 * (units + 1)


def fixed_units() -> int:
    """The fewest hidden units with which the fixed network has at least as many parameters as the hypernetwork."""
    return math.ceil((parameters_of_writer() - 2) / 6)


def _turning(
    networks: int, steps: int, seed: int, advance: Callable[[int], None]
) -> tuple[Float[np.ndarray, "network seed"], Float[np.ndarray, "model turn"]]:
    """Errors on new points of the hypernetworks, the fixed networks and the best linear map; and by how much the middle one of each turned."""
    known, new = _asked(400, seed), _asked(2000, seed + 1_000_003)
    probes = _probes()
    errors, answers = [], []
    for sizes, answer in (((1, HIDDEN, 4), _written), ((3, fixed_units(), 2), _fixed)):

        def loss(stack: Stack, answer: Answer = answer) -> Tensor:
            return (answer(stack, known) - _turned(known)).square().mean(dim=(1, 2)).sum()

        done = fitted(drawn(sizes, networks, seed), loss, steps=steps, rate=0.02, advance=advance)
        with torch.no_grad():
            errors.append((answer(done, new) - _turned(new)).square().mean(dim=(1, 2)).numpy())
            middle = int(np.argsort(errors[-1])[networks // 2])
            answers.append(_angle(answer(done.one(middle), probes)[0], probes))
    return np.stack([*errors, np.full(networks, _linear_error(known, new))]), np.stack(answers)


def _asked(count: int, seed: int) -> Tensor:
    """Points (normal, two coordinates) and angles from -pi to pi."""
    random = torch.Generator().manual_seed(seed)
    return torch.cat([torch.randn(count, 2, generator=random), math.pi * (2 * torch.rand(count, 1, generator=random) - 1)], dim=1)


def _probes() -> Tensor:
    """One point, turned by 61 angles."""
    angles = torch.linspace(-math.pi, math.pi, 61)
    return torch.stack([torch.full_like(angles, 0.8), torch.full_like(angles, 0.6), angles], dim=1)


def _turned(asked: Tensor) -> Tensor:
    x, y, angle = asked.unbind(dim=1)
    return torch.stack([angle.cos() * x - angle.sin() * y, angle.sin() * x + angle.cos() * y], dim=1)


def _written(stack: Stack, asked: Tensor) -> Tensor:
    """The angle writes a matrix, which multiplies the point."""
    matrices = stack.layers(asked[:, 2:])[-1].unflatten(2, (2, 2))
    points: Tensor = (matrices @ asked[:, :2, None])[..., 0]
    return points


def _fixed(stack: Stack, asked: Tensor) -> Tensor:
    return stack.layers(asked)[-1]


def _linear_error(known: Tensor, new: Tensor) -> float:
    """Mean squared error on new points of the best affine map of point and angle."""
    ones = [torch.cat([part, torch.ones(len(part), 1)], dim=1) for part in (known, new)]
    return float((ones[1] @ torch.linalg.lstsq(ones[0], _turned(known)).solution - _turned(new)).square().mean())


def _angle(answer: Tensor, asked: Tensor) -> Float[np.ndarray, " turn"]:
    """By how much each answer lies turned from the point, nearest to what was asked."""
    turned = torch.atan2(answer[:, 1], answer[:, 0]) - torch.atan2(asked[:, 1], asked[:, 0])
    off = torch.remainder(turned - asked[:, 2] + math.pi, 2 * math.pi) - math.pi
    return (asked[:, 2] + off).numpy()
