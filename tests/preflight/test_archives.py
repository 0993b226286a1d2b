"""What is found in the archives of functions."""

import struct
import zipfile

import pytest
from aws_double import released
from conftest import FUNCTIONS, agent, archives_in

NAMES = ["message", "connections", "worker", "closer"]


def program(machine):
    """The head of an ELF file."""
    return b"\x7fELF" + bytes(14) + struct.pack("<H", machine) + bytes(100)


def pack(folder, name, content=program(183), entry="bootstrap", mode=0o755):
    """An archive as `make lambda` leaves it, but for what is said."""
    archive = folder / name / "bootstrap.zip"
    archive.parent.mkdir(parents=True, exist_ok=True)
    info = zipfile.ZipInfo(entry)
    info.external_attr = (0o100000 | mode) << 16
    with zipfile.ZipFile(archive, "w") as bundle:
        bundle.writestr(info, content)
    return archive


@pytest.fixture
def built(tmp_path):
    for name in NAMES:
        pack(tmp_path, name)
    return tmp_path


def test_archives_that_are_as_they_should_be(preflight, built):
    code, findings = preflight("archives", local_archives=archives_in(built))
    assert code == 0 and findings == [("ok", "archives", "message, connections, worker, closer, for arm64")]


@pytest.mark.parametrize(("changed", "missing"), [({"auth": "jwt"}, "authorizer"), ({"local_agents": {"default": agent(long_runs=True)}}, "relay")])
def test_each_function_that_is_deployed_has_one(found, built, changed, missing):
    level, subject, words = found("archives", local_archives=archives_in(built), **changed)
    assert (level, subject) == ("error", missing) and "is not there" in words and "make lambda ARCH=arm64" in words


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"content": program(62)}, "built for x86_64, and architecture is arm64"),
        ({"content": program(8)}, "built for another machine (8)"),
        ({"content": b"#!/bin/sh\nexec python3 worker.py\n"}, "no program for Linux"),
        ({"content": b"\x7fELF"}, "no program for Linux"),
        ({"entry": "worker"}, "holds no bootstrap"),
        ({"mode": 0o644}, "not executable"),
    ],
)
def test_what_lambda_could_not_run(found, built, bad, words):
    pack(built, "worker", **bad)
    level, subject, told = found("archives", local_archives=archives_in(built))
    assert (level, subject) == ("error", "worker") and words in told


def test_an_archive_that_was_cut_off(found, built):
    archive = built / "worker/bootstrap.zip"
    archive.write_bytes(archive.read_bytes()[:-30])
    assert "no whole zip file" in found("archives", local_archives=archives_in(built))[2]


def test_the_other_architecture(found, built, preflight):
    for name in NAMES:
        pack(built, name, program(62))
    assert preflight("archives", local_archives=archives_in(built), architecture="x86_64")[0] == 0


RELEASE = {
    "archives": {"bucket": "releases", "prefix": "gateway", "version": "1.2.0"},
    "local_archives": {name: {"path": None, "bucket": "releases", "key": f"gateway/1.2.0/arm64/{name}.zip"} for name in FUNCTIONS},
}


@pytest.fixture
def release(aws):
    """A bucket that has the release."""
    aws.answers[released("")] = (200, {"headers": {"x-amz-bucket-region": "eu-central-1"}})
    for archive in RELEASE["local_archives"].values():
        aws.answers[released(archive["key"])] = (200, {})
    return aws.answers


def test_a_release_that_is_in_s3(preflight, release):
    code, findings = preflight(**RELEASE)
    assert code == 0 and findings[-1] == ("ok", "archives", "1.2.0 in releases")
    assert preflight("archives", **RELEASE) == (0, [("ok", "archives", "of a release in S3, which was looked for in the account")])


@pytest.mark.parametrize(
    ("asked", "answer", "level", "words"),
    [
        (released("gateway/1.2.0/arm64/worker.zip"), (404, ""), "error", "releases lacks gateway/1.2.0/arm64/worker.zip"),
        (released(""), (404, ""), "error", "there is no bucket releases"),
        (released(""), (200, {"headers": {"x-amz-bucket-region": "us-east-1"}}), "error", "is in us-east-1"),
        (released(""), (403, ""), "warning", "cannot be looked into"),
        (released("gateway/1.2.0/arm64/worker.zip"), (403, ""), "warning", "cannot be looked into"),
    ],
)
def test_a_release_that_lambda_could_not_take(found, release, asked, answer, level, words):
    release[asked] = answer
    of, subject, told = found(**RELEASE)
    assert (of, subject) == (level, "archives") and words in told
