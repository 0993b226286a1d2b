"""The variables of the deployment, as Terraform itself reads them: from the same files, environment and defaults."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TERRAFORM = Path(__file__).resolve().parents[2] / "terraform"
# Made of variables alone, so that Terraform knows them before anything is deployed.
LOCALS = ("agents", "archives", "name")


def expression() -> str:
    """What `terraform console` is to be asked."""
    texts = (path.read_text() for path in sorted(TERRAFORM.glob("*.tf")))
    variables = [name for text in texts for name in re.findall(r'^variable "(\w+)"', text, re.MULTILINE)]
    members = [*(f"{name} = var.{name}" for name in variables), *(f"local_{name} = local.{name}" for name in LOCALS)]
    return f"jsonencode({{ {', '.join(members)} }})"


@dataclass(frozen=True)
class Agent:
    """A configured agent."""

    name: str
    runtime_arn: str
    endpoint_name: str
    long_runs: bool


class Settings:
    """What is going to be deployed."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    @classmethod
    def parse(cls, answer: str) -> "Settings":
        """Reads the console's answer: a string that holds JSON, behind warnings if there are some."""
        try:
            return cls(json.loads(json.loads(answer.strip().splitlines()[-1])))
        except (ValueError, IndexError, TypeError):
            raise ValueError(f"Terraform did not say what it is going to deploy; it said: {answer.strip() or 'nothing'}") from None

    def __getitem__(self, variable: str) -> Any:
        return self._values[variable]

    @property
    def name(self) -> str:
        """What the names of all resources begin with."""
        return self._values["local_name"]

    @property
    def agents(self) -> list[Agent]:
        return [Agent(name, **agent) for name, agent in sorted(self._values["local_agents"].items())]

    @property
    def has_long_runs(self) -> bool:
        return any(agent.long_runs for agent in self.agents)

    @property
    def functions(self) -> list[str]:
        """The functions that are deployed."""
        optional = {"relay": self.has_long_runs, "authorizer": self["auth"] == "jwt"}
        return ["message", "connections", "worker", "closer", *(name for name, wanted in optional.items() if wanted)]

    @property
    def on_lambda(self) -> list[str]:
        """The functions that use the account's concurrency."""
        return [name for name in self.functions if name != "worker" or self["worker_capacity"] == "lambda"]

    @property
    def reserved(self) -> dict[str, int]:
        """How much of the account's concurrency is kept for single functions."""
        return {name: value for name, value in self["reserved_concurrency"].items() if name in self.functions and value is not None}

    def archive(self, function: str) -> Path | None:
        """Where a function's archive is, if it is a file. Terraform starts in its own folder."""
        path = self._values["local_archives"][function]["path"]
        return (TERRAFORM / path).resolve() if path is not None else None

    def released(self, function: str) -> tuple[str, str]:
        """The bucket and the key of a function's archive, if it is that of a release."""
        archive = self._values["local_archives"][function]
        return archive["bucket"], archive["key"]
