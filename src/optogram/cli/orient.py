"""Find which way up photographs are, and set their orientation without touching their pixels."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from optogram.cli._options import Device, Json, Photos, Preparation, Seed, Weights

Head = Annotated[Path, typer.Option("--scorer", "-s", metavar="FILE", help="What `optogram orient train` made.")]
Report = Annotated[Path | None, typer.Option("--report", metavar="DIR", help="Write galleries with evidence into this folder.", show_default=False)]
Model = Annotated[
    str | None, typer.Option("--model", metavar="MODEL", help="As for the other commands; by default the scorer's.", show_default=False)
]
SCORER = Path("orientation.npz")

orient = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True)


@orient.callback()
def about() -> None:
    """Find which way up photographs are, and set their orientation without touching their pixels.

    train learns it from photographs that are upright, predict says it, apply writes it into the files' EXIF tag, undo takes that back.
    """


@orient.command()
def train(
    photos: Photos,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Where the scorer is kept.")] = SCORER,
    model: Annotated[str, typer.Option("--model", metavar="MODEL", help="The network whose features are used.")] = "zoo:photonet",
    site: Annotated[list[str] | None, typer.Option("--site", help="Where features are read, once or more.", show_default=False)] = None,
    side: Annotated[int | None, typer.Option("--side", min=16, help="Side of the squares in pixels.", show_default=False)] = None,
    twins: Annotated[
        int | None,
        typer.Option(
            "--twins", min=0, show_default="3 with a report, else 0", help="Do the same with so many untrained twins of the network, as a control."
        ),
    ] = None,
    mirror: Annotated[
        bool, typer.Option("--mirror/--no-mirror", help="Look at each photograph's mirror image too: surer, at twice the cost.")
    ] = True,
    report: Report = None,
    weights: Weights = None,
    preprocess: Preparation = None,
    seed: Seed = 0,
    device: Device = None,
) -> None:
    """Learn from a folder of upright photographs, and say how good that is on photographs not learned from."""
    from dataclasses import replace

    from optogram.images.open_images import open_images
    from optogram.network.load import load
    from optogram.orient.training import train as run

    network = load(model, weights, None, preprocess, device, seed)
    shown = open_images(photos, channels=network.channels)
    scorer, found = run(network, shown, site, side=side, mirrored=mirror, twins=(3 if report else 0) if twins is None else twins, seed=seed)
    file = str(Path(weights).resolve()) if weights not in (None, "none") else weights or ""
    replace(scorer, spec=model, file=file, preprocess=preprocess or "").save(out)
    print(found)
    print(out)
    if report is not None:
        from optogram.orient.answers import answered
        from optogram.orient.report import write_report

        answers = [answered(name, row) for name, row in zip(found.names, found.logits, strict=True)]
        print(*write_report(report, network, scorer, shown, answers, found), sep="\n")


@orient.command()
def predict(
    photos: Photos,
    scorer: Head = SCORER,
    report: Report = None,
    json: Json = False,
    model: Model = None,
    weights: Weights = None,
    device: Device = None,
) -> None:
    """Say which way each photograph is turned, and how sure that is."""
    network, held, shown, answers = _answers(photos, scorer, model, weights, device)
    if json:
        import json as encoding
        from dataclasses import asdict

        print(encoding.dumps([{**asdict(answer), "turned": answer.word} for answer in answers], indent=2))
    else:
        width = max(len(answer.name) for answer in answers)
        print(*(f"{answer.name:<{width}}  {answer.word:<11} {100 * answer.confidence:3.0f} %" for answer in answers), sep="\n")
    if report is not None:
        from optogram.orient.report import write_report

        files = write_report(report, network, held, shown, answers)
        print(*files, sep="\n") if not json else None


@orient.command()
def apply(
    photos: Photos,
    scorer: Head = SCORER,
    confidence: Annotated[float, typer.Option("--confidence", min=0.25, max=1, help="Only answers at least so sure are written.")] = 0.97,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written.")] = False,
    model: Model = None,
    weights: Weights = None,
    device: Device = None,
) -> None:
    """Write the EXIF orientation of photographs that are surely turned; only the tag changes, and `undo` takes it back."""
    from optogram.orient.writing import turn_files

    folder = _folder(photos)
    answers = _answers(photos, scorer, model, weights, device)[3]
    turned = [answer for answer in answers if answer.turn != 0]
    sure = [answer for answer in turned if answer.confidence >= confidence]
    changed = len(sure)
    for answer in sure if dry_run else ():
        print(f"{answer.name}: {answer.word}, {100 * answer.confidence:.0f} %")
    if not dry_run:
        changed = _told(turn_files(folder, [(answer.name, answer.turn) for answer in sure]), len(sure))
    left = len(turned) - len(sure)
    said = "would be" if dry_run else "were"
    failed = f", {len(sure) - changed} could not be" if changed < len(sure) else ""
    print(f"{changed} of {len(answers)} photographs {said} turned{failed}; {left} look turned but are less than {confidence:g} sure.")


@orient.command()
def undo(photos: Photos) -> None:
    """Take back every orientation that `apply` wrote in this folder."""
    from optogram.errors import SourceError
    from optogram.orient.writing import LOG, undo_files

    outcomes = list(undo_files(_folder(photos)))
    stayed = [outcome for outcome in outcomes if outcome.reason]
    for outcome in stayed:
        print(f"{outcome.name}: {outcome.reason}")
    print(f"{_counted(len(outcomes) - len(stayed))} as before, byte by byte.")
    if stayed:
        raise SourceError(f"{_counted(len(stayed))} not taken back; {LOG} keeps how: `optogram orient undo {photos}` tries it again")


def _told(outcomes: Iterable[Any], count: int) -> int:
    """Says of each file at once what became of it, so that an interrupted run has said what it did; gives how many were turned."""
    from optogram.progress import track

    changed = 0
    with track("files", count) as advance:
        for outcome in outcomes:
            print(f"{outcome.name}: {outcome.reason or 'turned upright'}", flush=True)
            changed += not outcome.reason
            advance(1)
    return changed


def _counted(number: int) -> str:
    return f"{number} photograph is" if number == 1 else f"{number} photographs are"


def _folder(photos: str) -> Path:
    from optogram.errors import SourceError

    if not Path(photos).is_dir():
        raise SourceError(f"orientation is written into files of a folder; {photos} is none")
    return Path(photos)


def _answers(photos: str, scorer: Path, model: str | None, weights: str | None, device: str | None) -> tuple[Any, Any, Any, Any]:
    from optogram.images.open_images import open_images
    from optogram.network.load import load
    from optogram.orient.answers import predict as run
    from optogram.orient.uprightness import Scorer

    held = Scorer.load(scorer)
    network = load(model or held.spec, weights or held.file or None, None, held.preprocess or None, device)
    shown = open_images(photos, channels=network.channels)
    return network, held, shown, run(network, held, shown)
