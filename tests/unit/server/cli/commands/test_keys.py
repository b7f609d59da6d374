from __future__ import annotations

from typing import TYPE_CHECKING

from command_line import run, run_json

from anysense.server.http.access.key_file import read_keys

if TYPE_CHECKING:
    from pathlib import Path


def test_keys_are_made_listed_and_removed(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    made = run("keys", "add", path, "ada")
    secret = made.stdout.strip()
    assert secret.startswith("anysense_")
    assert "shown only now" in made.stderr
    assert secret not in path.read_text()
    assert read_keys(path)[0].fits(secret)
    run("keys", "add", path, "bob", "--scope", "read")
    run("keys", "add", path, "eve", "--scope", "write", "--scope", "read")
    assert run("keys", "list", path).stdout == "ada  read,write\nbob  read\neve  read,write\n"
    assert run_json("keys", "list", path)["keys"][1] == {"name": "bob", "scopes": ["read"]}
    run("keys", "remove", path, "ada")
    assert [key.name for key in read_keys(path)] == ["bob", "eve"]


def test_what_cannot_be_done_is_said_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    run("keys", "add", path, "ada")
    for arguments, said in (
        (("add", path, "ada"), "There is a key named ada"),
        (("add", path, "a b"), "cannot be the name of a key"),
        (("add", path, "x", "--scope", "admin"), "--scope"),
        (("remove", path, "bob"), "There is no key named bob"),
        (("remove", tmp_path / "none", "ada"), "There is no key named ada"),
        (("list", tmp_path / "none"), "cannot be read"),
    ):
        refused = run("keys", *arguments, status=2)
        assert said in refused.stderr
        assert refused.stdout == ""
    assert len(read_keys(path)) == 1
