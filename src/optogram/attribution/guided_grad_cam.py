"""Guided Grad-CAM: guided backprop where Grad-CAM is: the fine map of the one, kept where the coarse map of the other is.

Selvaraju et al. 2017, "Grad-CAM". Two forward and backward passes. What makes it depend on the class is Grad-CAM alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from optogram.attribution._question import Answer, Question
from optogram.attribution.grad_cam import grad_cam
from optogram.attribution.guided_backprop import guided_backprop


def guided_grad_cam(question: Question, *, site: str | None = None, rule: Literal["generalised"] | None = None) -> Answer:
    """Guided backprop times Grad-CAM, pixel by pixel. `site` as in grad_cam, `rule` as in guided_backprop."""
    coarse = grad_cam(question, site=site)
    fine = guided_backprop(question, rule=rule)
    return replace(fine, values=fine.values * coarse.values, site=coarse.site)
