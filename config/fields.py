"""What the fields of a settings file may hold."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=86400)]
Patience = Annotated[float, Field(ge=0, le=3600)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
NodeName = Annotated[str, Field(pattern=r"^[a-z0-9]{1,16}$")]  # a part of every call's id
Number = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]
SeatKey = Annotated[str, Field(pattern=r"^[*#][0-9*#]{1,4}$")]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9.:_-]{1,253}$")]
# As in tickets/, which this folder may not import; a test holds them together.
ServiceClass = Literal["complaint", "hardship", "information", "market"]
Network = Annotated[str, Field(pattern=r"^[0-9.]{7,15}/[0-9]{1,2}$")]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
