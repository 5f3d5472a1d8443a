"""How good is this map? One metric a file; `_score.py` is the verb, `_sanity.py` the verdict, `_rank.py` the benchmark.

A file `metrics/foo.py` that defines a function `foo` makes `og.score(..., metric="foo")`:

    def foo(trial: Trial, *, setting: float = 0.5) -> Marks:

- `trial` (`_trial.py`) holds the maps of photographs of one size, and answers for the network: `trial.question.responses(inputs, photo)`
  for changed photographs, read at the neuron of the unchanged one; `trial.explain(network, images)` for the same method asked anew.
- Keyword-only arguments are the metric's settings. Random draws come from `trial.generator()`, the same for every photograph.
- The answer (`Marks`) has one number a photograph and says which way is better; NaN where the metric has no answer for a photograph.

Maps are compared with three that cost nothing (`_free.py`: random, centre, edges), and on request at equal blur (`_blur.py`).
"""
