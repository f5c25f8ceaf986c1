"""What the models share: unknown fields are refused, and every model shows an example."""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from engage_sms.edge.sentences import ID_PATTERN

Id = Annotated[str, Field(pattern=ID_PATTERN, description="1 to 64 letters, digits, hyphens or underscores.")]
Item = TypeVar("Item")


class Schema(BaseModel):
    """A body or an answer."""

    # A request validates one or two models; building all of a function's at the start would cost each start.
    model_config = ConfigDict(extra="forbid", defer_build=True)


def example(**values: Any) -> ConfigDict:
    """The configuration of a model whose example has these values."""
    return ConfigDict(json_schema_extra={"examples": [values]})


def example_of(model: type[BaseModel]) -> Any:
    """The model's example, as it stands in the API's description."""
    extra = model.model_config["json_schema_extra"]
    assert isinstance(extra, dict)  # noqa: S101  narrows pydantic's union
    examples = extra["examples"]
    assert isinstance(examples, list)  # noqa: S101
    return examples[0]


class CursorPage(Schema, Generic[Item]):
    """One page of a list without bound. `next_cursor` starts the next one; null at the end."""

    items: list[Item]
    next_cursor: str | None = None
