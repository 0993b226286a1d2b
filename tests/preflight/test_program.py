"""What preflight is told: by Terraform, and by who calls it."""

import re
import subprocess
import sys

import pytest
from conftest import ROOT, SETTINGS


def run(environment, *arguments, answer=""):
    return subprocess.run([sys.executable, "-m", "preflight", *arguments], input=answer, env=environment, capture_output=True, text=True)


def test_terraform_is_asked_for_all_that_is_looked_at(environment):
    expression = run(environment, "expression").stdout
    asked = dict(re.findall(r"(\w+) = ((?:var|local)\.\w+)", expression))
    assert SETTINGS.keys() <= asked.keys()
    declared = re.findall(r'^variable "(\w+)"', "".join(path.read_text() for path in (ROOT / "terraform").glob("*.tf")), re.MULTILINE)
    assert {name for name in asked if not name.startswith("local_")} == set(declared)


@pytest.mark.parametrize("answer", ["", "Error: Invalid value for variable", '"no JSON"', '"[1"'])
def test_an_answer_of_terraform_that_is_none_is_shown(environment, answer):
    finished = run(environment, "account", answer=answer)
    assert finished.returncode == 1 and f"it said: {answer or 'nothing'}" in finished.stderr


@pytest.mark.parametrize("arguments", [[], ["everything"], ["account", "archives"]])
def test_how_it_is_called(environment, arguments):
    finished = run(environment, *arguments)
    assert finished.returncode == 2 and "account|archives" in finished.stderr
