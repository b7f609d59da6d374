from __future__ import annotations

import pytest

from anysense.embed.errors import UsageError
from anysense.index.objects.addresses import (
    Address,
    address_of,
    is_object,
    parse_address,
    shown_address,
)


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("s3://photos", Address("s3", "photos", "")),
        ("s3://photos/", Address("s3", "photos", "")),
        (" s3a://photos/a/ü %41.jpg ", Address("s3", "photos", "a/ü %41.jpg")),
        ("S3://my.bucket-1/a/../b", Address("s3", "my.bucket-1", "a/../b")),
        ("gs://photos/x", Address("gs", "photos", "x")),
        ("gcs://photos/x", Address("gs", "photos", "x")),
        ("az://container/x", Address("az", "container", "x")),
    ],
)
def test_addresses_are_read_as_they_stand(written: str, address: Address) -> None:
    assert parse_address(written) == address


@pytest.mark.parametrize("path", ["photos", "/data/photos", "C:\\photos", "./s3:/x", "a://"[:1]])
def test_paths_are_no_addresses(path: str) -> None:
    assert parse_address(path) is None


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("zip://x.csv::s3://bucket/a.zip", "not chained"),
        ("simplecache::s3://bucket/a", "not chained"),
        ("s3://bucket/a::b", "not chained"),
        ("file:///etc/passwd", "by its path"),
        ("memory://x", "does not read such addresses"),
        ("ssh://host/x", "does not read such addresses"),
        ("github://org:repo@/x", "does not read such addresses"),
        ("http://host/x.jpg", "only https"),
        ("https://host/x.jpg", "--allow-http"),
        ("s3://bucket/a?versionId=1", "behind a '?'"),
        ("s3://bucket/a#b", "behind a '?'"),
        ("s3:///a", "write it as s3://bucket"),
        ("s3://", "write it as s3://bucket"),
        ("s3://../a", "write it as s3://bucket"),
        ("s3://bucket:9000/a", "write it as s3://bucket"),
    ],
)
def test_others_are_refused(written: str, reason: str) -> None:
    with pytest.raises(UsageError, match=r"^[^\n]*$") as refusal:
        parse_address(written)
    assert reason in str(refusal.value)


@pytest.mark.parametrize(
    "written",
    [
        "s3://AKIA99:hunter2@bucket/photos",
        "s3://hunter2@bucket",
        "az://container/x?sig=hunter2",
        "https://user:hunter2@host/x.jpg",
        "https://host/x.jpg?X-Amz-Signature=hunter2",
        "https://host/x.jpg#hunter2",
        "ftp://user:hunter2@host/x",
        "zip::s3://AKIA99:hunter2@bucket/a",
        "s3://a::https://AKIA99:hunter2@bucket/",
        "https://AKIA99:hunter2/w@host/",
        "https://AKIA99:w?hunter2@host/",
        "https://AKIA99:1?hunter2@host/",
        "https://AKIA99#hunter2@host/",
        "https://AKIA99:w@hunter2@host/a@b",
    ],
)
def test_what_is_secret_is_refused_and_not_repeated(written: str) -> None:
    with pytest.raises(UsageError) as refusal:
        parse_address(written, allow_http=True)
    assert "hunter2" not in str(refusal.value)
    assert "AKIA99" not in str(refusal.value)


def test_a_password_is_refused_in_one_sentence_whether_or_not_servers_may_be_asked() -> None:
    for allow_http in (False, True):
        with pytest.raises(UsageError) as refusal:
            parse_address("https://user:hunter2@host/", allow_http=allow_http)
        assert str(refusal.value) == (
            "https://host/: an address has no user name and no password in it, as it is kept with "
            "what is found there; web servers that ask for any are not read."
        )


@pytest.mark.parametrize("written", ["s3://b/a@b.jpg", "https://h:80/a@b:c.jpg", "s3://b/@"])
def test_keys_may_have_an_at_sign(written: str) -> None:
    assert str(parse_address(written, allow_http=True)) == written
    assert shown_address(written) == written


def test_web_servers_are_asked_only_if_that_is_allowed() -> None:
    address = parse_address("https://example.org:8443/a.jpg", allow_http=True)
    assert address == Address("https", "example.org:8443", "a.jpg")
    assert address.place == "https://example.org:8443/a.jpg"


@pytest.mark.parametrize("key", ["a.jpg", "a/b#1.parquet#2", "x?.tar!/y", "../up", "/twice"])
def test_any_key_comes_back_from_the_path_of_a_catalog(key: str) -> None:
    path = str(Address("s3", "bucket", key))
    assert is_object(path)
    assert address_of(path) == Address("s3", "bucket", key)


def test_paths_of_files_are_no_objects() -> None:
    assert not is_object("/data/s3://bucket/key")
    assert not is_object("ftp://host/key")
    with pytest.raises(ValueError, match="no address"):
        address_of("/data/a.jpg")
