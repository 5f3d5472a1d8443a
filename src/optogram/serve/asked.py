"""What may be asked of the live bench, as the bodies of requests; their bounds are here and nowhere else."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from optogram.errors import SettingError

Text = Annotated[str, Field(min_length=1, max_length=200)]
Setting = bool | Annotated[int, Field(ge=-4096, le=4096)] | Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, title=None)


class Look(_Body):
    """What a photograph is named, and which units of each site it drives."""

    kind: Literal["look"]
    photograph: Text


class Attribute(_Body):
    """What in a photograph drives a unit, by one method. Settings are the method's own numbers; none is a path or a name."""

    kind: Literal["attribute"]
    photograph: Text
    target: Text
    method: Text = "guided_backprop"
    settings: dict[Text, Setting] = Field(default_factory=dict, max_length=12)


class Synthesize(_Body):
    """A picture that drives a unit; it is shown while it forms."""

    kind: Literal["synthesize"]
    target: Text
    canvas: Text | None = None
    preset: Text | None = None
    objective: Text | None = None
    steps: Annotated[int, Field(ge=1, le=1024)] = 128
    size: Annotated[int, Field(ge=16, le=512)] | None = None
    seed: Annotated[int, Field(ge=0, le=2**31)] = 0


Asked = Annotated[Look | Attribute | Synthesize, Field(discriminator="kind")]
ASKED: TypeAdapter[Look | Attribute | Synthesize] = TypeAdapter(Asked)


def asked(content: bytes) -> Look | Attribute | Synthesize:
    """The body of a request; `SettingError` says what in it cannot be."""
    try:
        return ASKED.validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"][1:])
        raise SettingError(f"{where or 'the request'}: {first['msg'].lower()}; GET /api/openapi.json says what may be asked") from error
