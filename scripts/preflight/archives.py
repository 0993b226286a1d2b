"""Whether the functions are built, and for the processor that they are to run on."""

import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

from .finding import Finding, error, ok
from .settings import Settings

#: `e_machine` of ELF, and what Lambda calls it.
MACHINES = {62: "x86_64", 183: "arm64"}


class Unusable(Exception):
    """Lambda could not run what is in the archive; the text says why."""


def look(settings: Settings) -> Iterator[Finding]:
    """Opens the archive of each function."""
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
