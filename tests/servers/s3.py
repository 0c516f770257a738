"""Buckets on this machine: the folders below a folder, objects by GET and HEAD with ranges,
ListObjectsV2. Path style, no signatures.

    with S3(folder) as server:
        server.host      # 127.0.0.1:…   GDAL: AWS_S3_ENDPOINT, with AWS_HTTPS=NO and
        AWS_VIRTUAL_HOSTING=FALSE

From a shell, in `tests`: `python -m servers.s3 FOLDER`.
"""

import argparse
import sys
from pathlib import Path
from xml.sax.saxutils import escape

from servers.serving import Answer, Asked, LocalServer, serve

XML = {"Content-Type": "application/xml"}


class S3(LocalServer):
    """Serves the folders below `folder` as buckets. Anonymous only: a signed request is refused, so
    that a stray key is noticed.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = Path(folder).resolve()

    def answer(self, asked: Asked) -> Answer:
        """An object, a listing or the archive's error."""
        if "authorization" in asked.headers or "X-Amz-Signature" in asked.query:
            return _error(403, "AccessDenied", "Only anonymous requests")
        bucket, _, key = asked.path.lstrip("/").partition("/")
        root = (self.folder / bucket).resolve()
        if not bucket or root.parent != self.folder or not root.is_dir():
            return _error(404, "NoSuchBucket", "The specified bucket does not exist")
        if not key:
            return self._listed(root, bucket, asked)
        path = (root / key).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            return _error(404, "NoSuchKey", "The specified key does not exist.")
        return Answer(file=path)

    def _listed(self, root: Path, bucket: str, asked: Asked) -> Answer:
        """ListObjectsV2 with prefix, delimiter, max-keys and continuation-token."""
        prefix, delimiter = asked.query.get("prefix", ""), asked.query.get("delimiter", "")
        most, after = (
            int(asked.query.get("max-keys") or 1000),
            asked.query.get("continuation-token", ""),
        )
        keys = sorted(
            path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()
        )
        entries: dict[str, Path | None] = {}
        for key in (key for key in keys if key.startswith(prefix)):
            below, found, _ = (
                key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
            )
            entries[f"{prefix}{below}{found}" if found else key] = None if found else root / key
        due = [name for name in entries if name > after]
        shown = due[:most]
        parts = [_entry(name, entries[name]) for name in shown]
        more = (
            f"<NextContinuationToken>{escape(shown[-1])}</NextContinuationToken>"
            if len(due) > most
            else ""
        )
        head = (
            f"<Name>{escape(bucket)}</Name><Prefix>{escape(prefix)}</Prefix>"
            f"<KeyCount>{len(shown)}</KeyCount><MaxKeys>{most}</MaxKeys>"
        )
        ended = f"<IsTruncated>{str(bool(more)).lower()}</IsTruncated>{more}"
        name = "http://s3.amazonaws.com/doc/2006-03-01/"
        text = (
            '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult '
            f'xmlns="{name}">{head}{ended}{"".join(parts)}</ListBucketResult>'
        )
        return Answer(200, text.encode(), XML)

    def about(self) -> dict[str, str]:
        """What GDAL must be told, for a client in another process."""
        return {"base": self.base, "endpoint": self.host}


def _entry(name: str, path: Path | None) -> str:
    if path is None:
        return f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>"
    size = path.stat().st_size
    return (
        f"<Contents><Key>{escape(name)}</Key><LastModified>2023-08-01T00:00:00.000Z</LastModified>"
        f"<Size>{size}</Size></Contents>"
    )


def _error(status: int, code: str, message: str) -> Answer:
    text = (
        '<?xml version="1.0" '
        f'encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    )
    return Answer(status, text.encode(), XML)


def main() -> int:
    """Serve buckets until told to end."""
    parser = argparse.ArgumentParser(
        description="Buckets on this machine, one for each folder below FOLDER."
    )
    parser.add_argument("folder", type=Path)
    return serve(lambda given: S3(given.folder), parser)


if __name__ == "__main__":
    sys.exit(main())
