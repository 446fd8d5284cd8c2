"""The recorded software, with repositories of the test."""

import subprocess

from describe_study import commit, software


def git(folder, *arguments):
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_the_commit_of_the_workflow_is_recorded_and_whether_files_differ(tmp_path):
    git(tmp_path, "init", "--quiet")
    (tmp_path / "Snakefile").write_text("rule all:\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    head = git(tmp_path, "rev-parse", "HEAD")
    assert commit(tmp_path) == head
    (tmp_path / "results").mkdir()
    (tmp_path / "results/table").touch()  # not a file of the workflow
    assert commit(tmp_path) == head
    (tmp_path / "Snakefile").write_text("rule other:\n")
    assert commit(tmp_path) == f"{head} (changed)"
    names = software("torch==2.11.0\n", tmp_path)["name"].tolist()
    assert names == ["lookwhere", "workflow", "python", "system", "torch"]


def test_a_copy_without_a_repository_of_its_own_has_no_commit(tmp_path):
    git(tmp_path, "init", "--quiet")
    copied = tmp_path / "copied"
    copied.mkdir()
    assert commit(copied) == "unknown (no repository of its own)"
    alone = tmp_path.parent / f"{tmp_path.name}-alone"
    alone.mkdir()
    assert commit(alone).startswith("unknown (no")
