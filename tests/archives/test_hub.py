from pathlib import PurePosixPath

import pytest
from servers.hub import Hub
from servers.serving import Fault

from daymelt.archives import hub
from daymelt.archives.access import hub_token
from daymelt.core.errors import (
    ConfigError,
    MissingCredentialError,
    MissingInputError,
    RetrievalError,
)

CONTENT = bytes(range(256)) * 400
FOLDER = PurePosixPath("raw/days")


@pytest.fixture
def served(tmp_path):
    """A hub with two rasters in one folder and one in another."""
    for name in ("raw/days/2019_07_01.tif", "raw/days/2019_07_02.tif", "raw/other/2019_07_01.tif"):
        path = tmp_path / "hub" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(CONTENT)
    with Hub(tmp_path / "hub") as server:
        yield server


def dataset(server, **more):
    return hub.Dataset(
        **{"repo": server.repo, "revision": server.commit, "endpoint": server.base, **more}
    )


def asked(server):
    """Paths of the files that were fetched."""
    return [path.rpartition("/")[2] for path in server.paths("GET") if "/resolve/" in path]


def test_a_revision_is_resolved_to_its_commit(served):
    assert hub.resolve(dataset(served, revision="main")) == served.commit


def test_a_folder_is_listed_without_the_others(served):
    listed = hub.listing(dataset(served), FOLDER)
    assert [(file.path.name, file.size) for file in listed] == [
        ("2019_07_01.tif", len(CONTENT)),
        ("2019_07_02.tif", len(CONTENT)),
    ]
    assert hub.folders(dataset(served), PurePosixPath("raw")) == [
        PurePosixPath("raw/days"),
        PurePosixPath("raw/other"),
    ]


def test_only_what_is_wanted_comes_and_only_once(served, tmp_path):
    files = hub.listing(dataset(served), FOLDER)[:1]
    for _ in range(2):
        hub.fetch(dataset(served), files, tmp_path / "here")
    assert asked(served) == ["2019_07_01.tif"]
    assert [path.read_bytes() for path in (tmp_path / "here/raw").rglob("*.tif")] == [CONTENT]


def test_a_file_that_was_cut_goes_on_where_it_stopped(served, tmp_path, monkeypatch):
    # what the client holds back before it writes
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 10_000)
    # the first request asks for the head
    served.faults.append(Fault("/resolve/", times=1, after=1, cut_at=50_000))
    hub.fetch(dataset(served), hub.listing(dataset(served), FOLDER)[:1], tmp_path / "here")
    ranges = [
        seen.headers.get("range")
        for seen in served.seen
        if seen.method == "GET" and "/resolve/" in seen.path
    ]
    assert ranges == [None, "bytes=50000-"]
    assert (tmp_path / "here/raw/days/2019_07_01.tif").read_bytes() == CONTENT


def test_a_folder_that_is_not_there_is_named(served):
    with pytest.raises(MissingInputError, match="no folder raw/absent"):
        hub.listing(dataset(served), PurePosixPath("raw/absent"))


def test_a_dataset_or_revision_that_is_not_there_is_named(served):
    with pytest.raises(RetrievalError, match=r"owner/none .*404"):
        hub.resolve(dataset(served, repo="owner/none"))
    with pytest.raises(RetrievalError, match=r"'v9'.*404"):
        hub.resolve(dataset(served, revision="v9"))
    with pytest.raises(RetrievalError, match="owner/name"):
        hub.resolve(dataset(served, repo="a/b/c"))


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_names_the_variable_and_never_the_token(served, monkeypatch, status):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    served.faults.append(Fault("/api/", times=None, status=status))
    with pytest.raises(MissingCredentialError, match="HF_TOKEN") as refusal:
        hub.resolve(dataset(served, revision="main"))
    assert "hf_secret" not in str(refusal.value)
    assert served.seen[-1].headers["authorization"] == "Bearer hf_secret"


def test_without_the_variable_no_token_is_sent_even_if_the_machine_has_one(
    served, monkeypatch, tmp_path
):
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "token"))
    (tmp_path / "token").write_text("hf_of_the_machine")
    hub.resolve(dataset(served, revision="main"))
    assert "authorization" not in served.seen[-1].headers


def test_a_hub_out_of_reach_is_one_line_even_with_files_on_the_disk(served, tmp_path, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)  # the client waits longer and longer
    files = hub.listing(dataset(served), FOLDER)
    hub.fetch(dataset(served), files[:1], tmp_path / "here")
    with Hub(tmp_path) as gone:
        closed = gone.base
    with pytest.raises(RetrievalError):
        hub.resolve(dataset(served, endpoint=closed))
    with pytest.raises(RetrievalError):
        hub.fetch(dataset(served, endpoint=closed), files, tmp_path / "here")


def test_a_file_of_another_size_than_listed_is_refused(served, tmp_path):
    file = hub.listing(dataset(served), FOLDER)[0]
    with pytest.raises(RetrievalError, match=rf"{len(CONTENT)} bytes came, owner/data says 7"):
        hub.fetch(dataset(served), [hub.HubFile(file.path, 7)], tmp_path / "here")


def test_the_token_goes_nowhere_that_somebody_could_read_along():
    assert hub_token("https://huggingface.co", {"HF_TOKEN": "hf_x"}).reveal() == "hf_x"
    assert "hf_x" not in repr(hub_token("https://huggingface.co", {"HF_TOKEN": "hf_x"}))
    assert hub_token("http://hub.example.org", {}) is None
    with pytest.raises(ConfigError, match="expected https") as refusal:
        hub_token("http://hub.example.org", {"HF_TOKEN": "hf_x"})
    assert "hf_x" not in str(refusal.value)


def test_the_log_of_the_client_names_no_signature(served, tmp_path, caplog):
    caplog.set_level("INFO")
    files = hub.listing(dataset(served), FOLDER)[:1]
    signed = f"{served.base}/storage?X-Amz-Signature=a-signature"
    headers = {"X-Repo-Commit": served.commit, "X-Linked-Etag": '"1"', "X-Linked-Size": "7"}
    served.faults.append(
        Fault("/resolve/", None, status=302, headers={"Location": signed, **headers})
    )
    with pytest.raises(RetrievalError):
        hub.fetch(dataset(served), files, tmp_path / "here")
    assert "/storage" in served.paths()
    assert "/storage" in caplog.text and "a-signature" not in caplog.text
