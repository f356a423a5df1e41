"""Small bodies of the operator's calls that belong to no other noun: login, explain, model."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from hyperhive.protocol.base import ApiModel

Secret = Annotated[str, Field(min_length=1, max_length=1024)]


class LoginRequest(ApiModel):
    """Body of `POST /api/login`: either the token or the password."""

    token: Secret | None = None
    password: Secret | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.token is None) == (self.password is None):
            raise ValueError("give either token or password")
        return self


class Done(ApiModel):
    """Answer of a call that has nothing more to say."""

    ok: bool = True


class LoginUrl(ApiModel):
    """Answer of `GET /admin/token`: the address that logs a browser in."""

    url: str


class ExplainRequest(ApiModel):
    """Body of `POST /api/agents/{name}/explain`: a command line for the agent's Bash policy to judge."""

    command: Annotated[str, Field(max_length=32 * 1024)]


class UseModelRequest(ApiModel):
    """Body of `POST /api/agents/{name}/model`: one of the agent's models, or `default`."""

    model: Annotated[str, Field(min_length=1, max_length=200)]
