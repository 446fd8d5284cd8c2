"""The types of the values of keys, and what every part of a study has in common."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from lookwhere.datasets.sizes import SIZE

T = TypeVar("T")


def _tuple(value: Any) -> Any:
    return tuple(value) if type(value) is list else value


def _text(value: Any) -> Any:
    return str(value) if type(value) is int else value


Many = Annotated[tuple[T, ...], Field(min_length=1), BeforeValidator(_tuple)]

# Snakemake takes braces in paths for wildcards.
Folder = Annotated[str, Field(pattern="^[^{}]+$", description="give a folder, without braces")]
Index = Annotated[int, Field(ge=0, le=10**9, description="give an output index, from 0")]
SampleId = Annotated[str, Field(description="give a sample id such as 000000000139-traffic_light")]
Size = Annotated[
    str,
    BeforeValidator(
        _text,
        json_schema_input_type=Annotated[int, Field(ge=1, le=9999)]
        | Annotated[str, Field(pattern=SIZE)],
    ),
    Field(pattern=SIZE, description="give original, n, short-n, crop-n or pad-n, n from 1 to 9999"),
]
Method = Annotated[str, Field(description="give the name of a saliency method, or file.py:name")]
Metric = Annotated[str, Field(description="give the name of a metric, or file.py:name")]
Control = Annotated[str, Field(description="give the name of a control, or file.py:name")]
Rival = Annotated[
    Literal["other_class", "least_likely", "mean_map"],
    Field(description="give other_class, least_likely or mean_map"),
]
Chart = Annotated[str, Field(description="give the name of a chart, or file.py:name")]


Layer = Annotated[
    str, Field(min_length=1, description="give the name of a module, e.g. features.35")
]
EXPLAIN = (
    "give annotated (the output of the annotated class) or predicted (the highest of all outputs)"
)
Explain = Annotated[Literal["annotated", "predicted"], Field(description=EXPLAIN)]


class Part(BaseModel):
    """Strict values of YAML: 224.0 is not a whole number, nan not a number, true not 1."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", allow_inf_nan=False, regex_engine="python-re"
    )
