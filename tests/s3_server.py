"""A local S3 server (moto, over HTTP on loopback) with one empty bucket, for tests of URLs.

moto is a stand-in for Amazon's service, spoken to over the wire by the real client.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from moto.server import ThreadedMotoServer

BUCKET = "labels"
KEY, SECRET = "AKIDTEST", "wJalrSECRETtest"


@contextmanager
def s3_server(patch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run a server, point the environment at it, and give the URL of its bucket."""
    import s3fs

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
    }.items():
        patch.setenv(name, value)
    filesystem = s3fs.S3FileSystem(skip_instance_cache=True)
    filesystem.mkdir(BUCKET)
    try:
        yield f"s3://{BUCKET}"
    finally:
        filesystem.rm(BUCKET, recursive=True)
        s3fs.S3FileSystem.clear_instance_cache()
        server.stop()
