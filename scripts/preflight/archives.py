"""Whether the functions are built, and for the processor that they are to run on; of a release, whether it is in S3."""

import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

from botocore.exceptions import ClientError

from .aws import Aws, code_of, why
from .finding import Finding, error, ok, warning
from .settings import Settings

#: `e_machine` of ELF, and what Lambda calls it.
MACHINES = {62: "x86_64", 183: "arm64"}


class Unusable(Exception):
    """Lambda could not run what is in the archive; the text says why."""


def look(settings: Settings) -> Iterator[Finding]:
    """Opens the archive of each function."""
    if settings["archives"] is not None:
        yield ok("archives", "of a release in S3, which was looked for in the account")
        return
    wanted = settings["architecture"]
    build = f"build it: make lambda ARCH={wanted}"
    good = []
    for function in settings.functions:
        archive = settings.archive(function)
        try:
            built_for = machine(archive)
        except FileNotFoundError:
            yield error(function, f"its archive is not there: {archive}", build)
        except Unusable as unusable:
            yield error(function, f"its archive {archive} {unusable}", build)
        else:
            if built_for != wanted:
                yield error(function, f"it is built for {built_for}, and architecture is {wanted}", build)
            else:
                good.append(function)
    if good:
        yield ok("archives", f"{', '.join(good)}, for {wanted}")


def look_in_s3(aws: Aws, settings: Settings) -> Iterator[Finding]:
    """Looks whether the bucket has the release, where the archives are to come from there."""
    if settings["archives"] is None:
        return
    bucket, _ = settings.released("message")
    files = aws.client("s3")
    missing = []
    try:
        region = files.head_bucket(Bucket=bucket).get("BucketRegion", aws.region)
        for function in settings.functions:
            if not _is_there(files, *settings.released(function)):
                missing.append(settings.released(function)[1])
    except ClientError as failure:
        # S3 answers HEAD without words.
        if code_of(failure) == "404":
            yield error("archives", f"there is no bucket {bucket}", "set archives to where the release was copied")
        else:
            yield warning("archives", f"the bucket {bucket} cannot be looked into: {why(failure)}", "allow s3:GetObject and s3:ListBucket")
        return
    if region != aws.region:
        yield error("archives", f"the bucket {bucket} is in {region}", f"Lambda takes archives from a bucket in its own region, {aws.region}")
    elif missing:
        yield error("archives", f"{bucket} lacks {', '.join(missing)}", "copy the release there: make release, aws s3 cp --recursive")
    else:
        yield ok("archives", f"{settings['archives']['version']} in {bucket}")


def _is_there(files, bucket: str, key: str) -> bool:
    try:
        files.head_object(Bucket=bucket, Key=key)
    except ClientError as failure:
        if code_of(failure) != "404":
            raise
        return False
    return True


def machine(archive: Path) -> str:
    """What the program in an archive is built for. Raises Unusable, or FileNotFoundError."""
    try:
        with zipfile.ZipFile(archive) as bundle:
            entry = bundle.getinfo("bootstrap")
            with bundle.open(entry) as program:
                head = program.read(20)
    except (zipfile.BadZipFile, EOFError):
        raise Unusable("is no whole zip file") from None
    except KeyError:
        raise Unusable("holds no bootstrap, which is what Lambda starts") from None
    if not entry.external_attr >> 16 & 0o111:
        raise Unusable("holds a bootstrap that is not executable")
    if len(head) < 20 or head[:4] != b"\x7fELF":
        raise Unusable("holds a bootstrap that is no program for Linux")
    number = struct.unpack_from("<H", head, 18)[0]
    return MACHINES.get(number, f"another machine ({number})")
