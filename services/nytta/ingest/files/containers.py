"""What a file is, whatever its name says: packed text that is unpacked, a workbook, or what has to be exported anew."""

from __future__ import annotations

import gzip
import zipfile
from typing import IO

from nytta.ingest.files.errors import InputError

GZIP = b"\x1f\x8b"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UNPACK = "unpack it and import what is in it"
_AS_TEXT = "open it where it was made and save it as 'CSV UTF-8'"

_OTHERS = (
    (b"BZh", "a bzip2 archive", _UNPACK),
    (b"\xfd7zXZ\x00", "an xz archive", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (b"Rar!", "a RAR archive", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "a zstandard archive", _UNPACK),
    (b"PAR1", "a Parquet file", "write it as CSV or as JSON lines"),
    (b"ORC", "an ORC file", "write it as CSV or as JSON lines"),
    (b"Obj\x01", "an Avro file", "write it as JSON lines"),
    (
        b"SQLite format 3\x00",
        "an SQLite database",
        "export its table as CSV, or the OCEL 2.0 log in it as JSON",
    ),
    (b"%PDF", "a PDF document", _AS_TEXT),
    (b"{\\rtf", "a text document (RTF)", _AS_TEXT),
    (b"\x89PNG", "a picture", "export the list itself"),
    (b"\xff\xd8\xff", "a picture", "export the list itself"),
)
"""Other files by how they begin: what each is, and what to do with it."""


def content(file: IO[bytes], file_name: str) -> tuple[IO[bytes] | gzip.GzipFile, bool]:
    """The bytes of what the file holds, and whether they are a workbook's.

    gzip and a zip archive of one file are unpacked. `file` stands at its beginning. `InputError` where the file is
    something that is not read, with what to do.
    """
    first_bytes = file.read(64)
    file.seek(0)
    if first_bytes.startswith(GZIP):
        return gzip.GzipFile(fileobj=file, mode="rb"), False
    if first_bytes.startswith(_ZIP):
        return _unzipped(file, file_name)
    if first_bytes.startswith(_OLD_OFFICE):
        return file, True
    for beginning, description, remedy in _OTHERS:
        if first_bytes.startswith(beginning):
            raise InputError(
                file_name, "", f"the file is {description}, whatever its name says; {remedy}"
            )
    return file, False


def _unzipped(file: IO[bytes], file_name: str) -> tuple[IO[bytes], bool]:
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
        raise InputError(
            file_name, "", f"the zip archive is damaged ({error}); copy or export it again"
        ) from error
    member_names = archive.namelist()
    if "[Content_Types].xml" in member_names or "content.xml" in member_names:
        if not any(
            file_name.startswith("xl/") or file_name == "content.xml" for file_name in member_names
        ):
            raise InputError(
                file_name, "", f"the file is a document of an office program; {_AS_TEXT}"
            )
        file.seek(0)
        return file, True
    members = [member for member in archive.infolist() if not _is_beside(member)]
    if len(members) != 1:
        listed = ", ".join(member.filename for member in members[:5])
        description = (
            f"{len(members)} files ({listed}{', …' if len(members) > 5 else ''})"
            if members
            else "no file"
        )
        raise InputError(
            file_name,
            "",
            f"the zip archive holds {description}; one archive is one list: {_UNPACK}",
        )
    if members[0].flag_bits & 1:
        raise InputError(file_name, "", f"the zip archive has a password; {_UNPACK}")
    try:
        return archive.open(members[0]), False
    except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
        raise InputError(
            file_name, "", f"the zip archive cannot be read ({error}); {_UNPACK}"
        ) from error


def _is_beside(member: zipfile.ZipInfo) -> bool:
    """Whether an entry is no file of the archive's owner: a folder, or what a Macintosh adds."""
    file_name = member.filename.rsplit("/", 1)[-1]
    return (
        member.is_dir()
        or member.filename.startswith("__MACOSX/")
        or file_name.startswith("._")
        or file_name == ".DS_Store"
    )
