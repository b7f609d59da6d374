"""A forked process answers, or says why not; it never hangs, and never harms what its parent has.

Each script is a process of its own with a limit of time, as are the children that it forks.
"""

from __future__ import annotations

import os

import pytest
from scripts import check_script

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here"),
]

BEGIN = """
import os, signal, sys, threading, warnings
from pathlib import Path

warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads

def fork(work):
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        try:
            print(work(), flush=True)
            os._exit(0)
        except Exception as error:
            print(type(error).__name__, error, flush=True)
            os._exit(1)
    return child

def wait(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

folder = Path(sys.argv[1])
"""
STARTER = """
from anysense import Collection, NewItem
path = folder / "c"
collection = Collection.create(path)
collection.add([NewItem("a boat", id="boat"), NewItem("a cat", id="cat")])
collection.search("boat")

def first(collection, query):
    return collection.search(query, k=1)[0].id
"""


def run(script: str, folder: object) -> list[str]:
    return check_script(BEGIN + script, str(folder)).splitlines()


def test_a_child_answers_from_a_collection_that_it_opens_itself(tmp_path: object) -> None:
    script = """
def grandchild():
    with Collection.open(path) as own:
        answer = first(own, "a small boat")
        assert wait(fork(lambda: first(own, "a grey cat"))) == 0
        return answer

collection.release()
assert wait(fork(grandchild)) == 0
print(first(collection, "a cat"))
"""
    assert run(STARTER + script, tmp_path) == ["cat", "boat", "cat"]


def test_a_child_goes_on_with_the_collection_of_its_parent(tmp_path: object) -> None:
    script = """
import numpy as np
from PIL import Image
from anysense import Term
from anysense.embed.types import Waveform

noise = np.random.default_rng(0).normal(0, 0.1, 132_300).astype(np.float32)
terms = ["boat", Term(Image.new("RGB", (300, 200), (200, 20, 20))), Term(Waveform(noise, 44_100))]
before = [[hit.id for hit in collection.search(term)] for term in terms]

def search():
    return [[hit.id for hit in collection.search(term)] for term in terms] == before

collection.publish()
collection.search("boat")
assert wait(fork(search)) == 0
collection.add([NewItem("a tree", id="tree")])
print(first(collection, "tree"))
"""
    assert run(STARTER + script, tmp_path) == ["True", "tree"]


def test_one_process_writes_whichever_opened_the_collection(tmp_path: object) -> None:
    script = """
def add(name):
    collection.add([NewItem(f"a {name}", id=name)])
    collection.publish()
    collection.release()
    return sorted(hit.id for hit in collection.search(name))

assert wait(fork(lambda: add("tree"))) == 1  # the parent holds the lock
collection.add([NewItem("a horse", id="horse")])  # and goes on holding it
assert wait(fork(lambda: add("tree"))) == 1
collection.release()
assert wait(fork(lambda: add("tree"))) == 0
collection.add([NewItem("a bird", id="bird")])
print(sorted(row.id for row in collection.search("tree", k=9)), collection.verify().problems)
"""
    lines = run(STARTER + script, tmp_path)
    assert [line.split()[0] for line in lines[:2]] == ["CollectionLockedError"] * 2
    assert lines[2] == "['boat', 'cat', 'horse', 'tree']"
    assert lines[3] == "['bird', 'boat', 'cat', 'horse', 'tree'] []"


def test_a_child_builds(tmp_path: object) -> None:
    script = """
from anysense import build

sources = folder / "notes"
sources.mkdir()
for number in range(40):
    (sources / f"{number}.txt").write_text(f"note {number} about boats")

def make():
    with Collection.create(folder / "new") as new:
        return build(new, [sources]).added

assert wait(fork(make)) == 0
with Collection.open(folder / "new") as new:
    print(build(new, [sources]).unchanged, new.verify().problems)
"""
    assert run(STARTER + script, tmp_path) == ["40", "40 []"]


def test_children_of_a_process_whose_threads_work_answer(tmp_path: object) -> None:
    """Whatever its threads are doing when it forks: reading, writing, encoding.

    But for products of matrices by several threads, in the midst of which a fork may wait for ever
    in the handler of numpy's OpenBLAS: so that has one thread here.
    """
    one_thread = 'import os; os.environ["OPENBLAS_NUM_THREADS"] = "1"\n'
    script = """
names, errors, is_over = [], [], threading.Event()

def work(step):
    while not is_over.is_set():
        try:
            step()
        except Exception as error:
            errors.append(error)

def add():
    names.append(f"boat {len(names)}")
    collection.add([NewItem(names[-1], id=names[-1])])

steps = [add, lambda: collection.search("boats"), lambda: collection.folder.files()]
threads = [threading.Thread(target=work, args=(step,)) for step in steps]
for step in steps:
    step()  # what is imported now is no more while processes are forked
for thread in threads:
    thread.start()
for number in range(8):
    assert wait(fork(lambda: first(collection, "a cat"))) == 0
    assert wait(fork(lambda: first(Collection.open(path), "a cat"))) == 0
is_over.set()
for thread in threads:
    thread.join()
print(errors, collection.info()["items"] == len(names) + 2, collection.verify().problems)
"""
    output = check_script(one_thread + BEGIN + STARTER + script, str(tmp_path))
    assert output.splitlines() == ["cat"] * 16 + ["[] True []"]


def test_a_fork_waits_until_nothing_is_half_imported(tmp_path: object) -> None:
    script = """
import time
from anysense import Collection

sys.path.insert(0, str(folder))
(folder / "slow.py").write_text("import time; time.sleep(1); word = 'there'")
importer = threading.Thread(target=__import__, args=("slow",))
importer.start()
time.sleep(0.2)
assert wait(fork(lambda: __import__("slow").word)) == 0
(folder / "own.py").write_text("import __main__; child = __main__.fork(lambda: 'here')")
started = time.monotonic()
import own  # which forks while it is imported itself
assert wait(own.child) == 0
print(time.monotonic() - started < 5)
"""
    assert run(script, tmp_path) == ["there", "here", "True"]


def test_a_fork_in_the_middle_of_a_transaction_is_told(tmp_path: object) -> None:
    script = """
def search():
    return first(collection, "boat")

with collection.folder.catalog.transaction():
    assert wait(fork(search)) == 1
    assert wait(fork(lambda: first(Collection.open(path), "boat"))) == 1
print(search())
assert wait(fork(search)) == 0
"""
    refused, again, *answers = run(STARTER + script, tmp_path)
    assert refused == again
    assert "was forked in the middle of its parent's work on the collection" in refused
    assert answers == ["boat", "boat"]


@pytest.mark.parametrize("first_import", ["torch", "faiss"])
def test_many_queries_of_an_index_are_answered_in_a_child(
    tmp_path: object, first_import: str
) -> None:
    script = f"""
import {first_import}
import numpy as np
from anysense.embed.types import Modality
from anysense.index.types import ArraySource, Partition
from anysense.index.vectors.faiss.store import FaissStore

partition = Partition("space", Modality.TEXT)
vectors = np.random.default_rng(0).normal(size=(30_000, 64)).astype(np.float32)
vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)

def make():
    return FaissStore.build({{partition: ArraySource(np.arange(len(vectors)), vectors)}})

def own(store):
    return bool((store.search(partition, vectors[:100], 3, None)[1][:, 0] == np.arange(100)).all())

store = make()
assert own(store)
assert wait(fork(lambda: (own(store), own(make())))) == 0
print(own(store))
"""
    assert run(script, tmp_path) == ["(True, True)", "True"]


def test_a_spawned_process_answers(tmp_path: object) -> None:
    script = """
import subprocess
code = (
    "import sys; from anysense import Collection;"
    "print(Collection.open(sys.argv[1]).search('cat')[0].id, flush=True)"
)
command = [sys.executable, "-c", code, str(path)]
subprocess.run(command, timeout=100, check=True, preexec_fn=os.getpid)
"""
    assert run(STARTER + script, tmp_path) == ["cat"]
