"""References in documents and settings of the repository are valid."""

import re
from pathlib import Path

import pytest
import yaml

import lookwhere
from lookwhere.datasets.names import FORMATS
from lookwhere.methods.names import CONTROLS, METHODS
from lookwhere.metrics.registry import METRICS

from .test_architecture import STAGES

REPOSITORY = Path(__file__).parents[1]
DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")])
SETTINGS = [
    "CITATION.cff",
    ".pre-commit-config.yaml",
    ".snakemake-workflow-catalog.yml",
    ".github/workflows/ci.yml",
]
ARCHITECTURE = (REPOSITORY / "docs/architecture.md").read_text("utf-8")
RULES = "".join(path.read_text("utf-8") for path in REPOSITORY.glob("workflow/rules/*.smk"))
FENCED = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)


def test_the_page_of_the_configuration_lists_the_formats_of_data_sets():
    page = (REPOSITORY / "docs/configuration.md").read_text("utf-8")
    [section] = re.findall(r"^## Formats of annotations\n(.*?)^#", page, re.S | re.M)
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.M)) == set(FORMATS)


def settings(name: str):
    return yaml.safe_load((REPOSITORY / name).read_text("utf-8"))


def anchors(document: Path) -> set[str]:
    """GitHub's anchors of a document's headings."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", document.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def links(document: Path) -> list[str]:
    """The relative links and pictures of a document."""
    prose = FENCED.sub("", document.read_text("utf-8"))
    targets = re.findall(r"\]\(([^)\s]+)\)", prose) + re.findall(r'(?:src|href)="([^"]+)"', prose)
    return [link for link in targets if not re.match(r"[a-z]+:", link)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_link_targets_exist(document):
    for link in links(document):
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        assert target.resolve().is_relative_to(REPOSITORY), link
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def test_links_are_found():
    assert sum(len(links(document)) for document in DOCUMENTS) > 40


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_are_yaml(name):
    assert isinstance(settings(name), dict)


def test_the_citation_is_of_this_version():
    citation = settings("CITATION.cff")
    assert citation["version"] == lookwhere.__version__
    assert citation["title"] == lookwhere.__name__
    assert f"{lookwhere.__version__}\n" in (REPOSITORY / "CHANGELOG.md").read_text("utf-8")


def test_every_named_make_target_exists():
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([\w-]+):(?!=)", makefile, re.MULTILINE))
    texts = [path.read_text("utf-8") for path in [*DOCUMENTS, REPOSITORY / ".ci/run"]]
    named = {
        target
        for text in texts
        for target in re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)
    }
    jobs = settings(".github/workflows/ci.yml")["jobs"].values()
    runs = [step["run"] for job in jobs for step in job["steps"] if "run" in step]
    named |= {run.removeprefix("make ") for run in runs if "matrix" not in run}
    named |= {target for job in jobs for target in matrix(job).get("target", [])}
    assert {"check", "unit", "lint"} <= named
    assert named <= targets


def matrix(job: dict) -> dict:
    return job.get("strategy", {}).get("matrix", {})


def test_hooks_have_the_versions_of_the_test_tools():
    tools = (REPOSITORY / "requirements-test.txt").read_text("utf-8").splitlines()
    [local] = settings(".pre-commit-config.yaml")["repos"]
    pins = {pin for hook in local["hooks"] for pin in hook["additional_dependencies"]}
    assert {pin for pin in pins if not pin.startswith("pre-commit-hooks==")} <= set(tools)
    assert len(pins) == 3


def test_the_table_of_stages_is_that_of_the_import_test():
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ?([^|]*)\|$", ARCHITECTURE, re.MULTILINE)
    table = {stage: set(filter(None, imports.strip().split(", "))) for stage, imports in rows}
    assert list(table) == list(STAGES)
    assert table == STAGES


def test_every_module_of_datasets_is_in_the_table():
    [section] = re.findall(r"^## The modules of `datasets`\n(.*?)^## ", ARCHITECTURE, re.M | re.S)
    cells = re.findall(r"^\| [^|]+ \| (`.*`) \|$", section, re.MULTILINE)
    listed = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    folder = REPOSITORY / "workflow/scripts/lookwhere/datasets"
    assert sorted(listed) == sorted({path.stem for path in folder.glob("*.py")} - {"__init__"})


def test_every_file_of_the_architecture_exists():
    named = set(re.findall(r"`([\w./]+/[\w.]*)`", ARCHITECTURE))
    files = {name for name in named if not name.startswith("results/")}
    assert len(files) > 20
    for name in files:
        folder = REPOSITORY / "workflow/scripts" if name.startswith("lookwhere/") else REPOSITORY
        assert (folder / name).exists(), name


def test_every_result_of_the_architecture_is_an_output():
    results = re.findall(r"`results/([^`]+)`", ARCHITECTURE)
    assert len(results) > 5
    for result in results:
        stem = re.sub(r"/(\{sample\}\.\w+|concentration\.png)$", "", result)
        assert f'"<results>/{stem}' in RULES, result


def test_every_rule_of_the_architecture_exists():
    rules = set(re.findall(r"^ *rule (\w+):", RULES, re.MULTILINE)) - {"fetch"}
    rules |= {"compute_maps", "import_maps"}  # of which each group of methods has one
    text = re.sub(
        r"^## The modules of `datasets`\n(.*?)^## ", "## ", ARCHITECTURE, flags=re.M | re.S
    )
    named = set(re.findall(r"`([a-z]+_[a-z]+)`", text)) | picture()[0]
    assert named == rules


def picture(direction: str = "TD") -> tuple[set[str], set[tuple[str, str]]]:
    """Rules and arrows of the picture of the default study, or of that of rivals (LR)."""
    pattern = rf"```mermaid\nflowchart {direction}\n(.*?)```"
    [lines] = re.findall(pattern, ARCHITECTURE, re.DOTALL)
    arrows = set(re.findall(r"(\w+) --> (?=(\w+))", lines))
    return set(re.findall(r"\w+", lines)), arrows


def test_every_method_metric_and_control_names_a_paper_of_the_bibliography():
    keys = set(
        re.findall(
            r"^@\w+\{([^,]+),", (REPOSITORY / "docs/references.bib").read_text("utf-8"), re.M
        )
    )
    assert {entry.options["cite"] for entry in METHODS.values()} <= keys
    assert {metric.entry.options["cite"] for metric in METRICS.values()} <= keys
    without = {name for name, entry in CONTROLS.items() if "cite" not in entry.options}
    assert without == {"noise"}
    assert {CONTROLS[name].options["cite"] for name in CONTROLS.keys() - without} <= keys


def test_every_method_has_a_line_in_plain_words():
    text = (REPOSITORY / "docs/reading.md").read_text("utf-8")
    [table] = re.findall(r"\n## Methods\n(.*?)\n## ", text, re.DOTALL)
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    assert sorted(named) == sorted(METHODS)
