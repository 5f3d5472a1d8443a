"""What is it about this photograph that drives this unit? One method a file; `_attribute.py` is the verb.

A file `attribution/foo.py` that defines a function `foo` makes `og.attribute(..., method="foo")`:

    def foo(question: Question, *, setting: float = 0.5) -> Answer:

- `question` (`_question.py`) holds the network, the photographs, the target and the source, and answers with passes:
  `question.gradients(inputs)` and `question.responses(inputs)` for any inputs in the shape of `question.origin()`, of any
  number of rows (`photo=` says to which photograph each row belongs), in inner batches that respect the memory asked for.
  `question.settled()` fixes the neuron that a unit's response is read from, for methods that change the photograph.
- Keyword-only arguments are the method's settings: the verb, the command line and the docs read them from the signature.
- The answer (`Answer`) has `values` in the shape of `question.origin()`, one row a photograph, each computed from its own
  photograph alone; `delta` where completeness is promised; notes for what a reader of the map must know.
- Where the method is not defined it raises `NotDefinedError`: why, and what to use instead.

`optogram.testing.attribution` holds what every method must satisfy; it runs over this registry and third parties' methods.
"""
