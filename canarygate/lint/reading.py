"""The files that were named, as text; and what is in the way of reading them."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from canarygate.lint.documents import Unreadable, read_documents
from canarygate.lint.nodes import Node
from canarygate.near import near_path

ENDINGS = {".yaml", ".yml"}
MOST_BYTES = 4_000_000
"""Far above any object that a cluster takes; reading more than this would take many seconds."""
HELM = re.compile(
    rb"\{\{-?\s*(\.\w|\$\w|(if|else|end|range|with|include|define|template|toYaml)\b)"
)
OF_HELM = "; it looks like a Helm template: lint what `helm template` makes of it"
STDIN = "-"
KUSTOMIZATIONS = {"kustomization.yaml", "kustomization.yml", "Kustomization"}


@dataclass
class Read:
    """What was read."""

    files: list[str] = field(default_factory=list)
    documents: list[Node] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    patches: list[str] = field(default_factory=list)
    """Files that are parts of objects for kustomize, and so not looked at."""
    gives_namespace: bool = False


def read_all(paths: Sequence[str], stdin: BinaryIO) -> Read:
    """Every document of the files, the folders' YAML files, and of `-`, which is stdin."""
    read = Read()
    for path in dict.fromkeys(paths):
        if path == STDIN:
            read.files.append("stdin")
            _add(read, "stdin", stdin.read(MOST_BYTES + 1))
            continue
        found = list(_files(Path(path), read.problems))
        patches = set(_patches(found))
        for file in found:
            if file.resolve() in patches and str(file) != path:
                read.patches.append(str(file))
            elif str(file) not in read.files:
                read.files.append(str(file))
                _read_file(read, file)
    return read


def _files(path: Path, problems: list[str]) -> Iterator[Path]:
    if path.is_dir():
        for folder, below, names in os.walk(path):
            below[:] = sorted(each for each in below if not each.startswith("."))
            for name in sorted(names):
                if Path(name).suffix in ENDINGS and not name.startswith("."):
                    yield Path(folder) / name
    elif path.exists():
        yield path
    else:
        problems.append(f"{path}: is not there{near_path(path)}")


def _read_file(read: Read, path: Path) -> None:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        read.problems.append(f"{path}: cannot be read ({error.strerror})")
        return
    _add(read, str(path), content)


def _add(read: Read, name: str, content: bytes) -> None:
    if len(content) > MOST_BYTES:
        most = f"{MOST_BYTES // 1_000_000} MB"
        read.problems.append(
            f"{name}: is larger than {most}; give the files of Argo's objects alone"
        )
        return
    try:
        documents = read_documents(content.decode("utf-8-sig"), name)
    except UnicodeDecodeError:
        read.problems.append(f"{name}: is no text in UTF-8")
        return
    except Unreadable as error:
        is_helm = "Helm" not in str(error) and HELM.search(content)
        read.problems.append(f"{error}{OF_HELM if is_helm else ''}")
        return
    read.documents += documents
    read.gives_namespace |= any(_is_kustomization(x) and x["namespace"] for x in documents)


def _is_kustomization(document: Node) -> bool:
    return document["kind"].text in ("", "Kustomization") and bool(document["resources"])


def _patches(files: Sequence[Path]) -> Iterator[Path]:
    """Files that a kustomization beside them merges into others: half an object misses half of it."""
    for file in files:
        if file.name not in KUSTOMIZATIONS:
            continue
        try:
            documents = read_documents(file.read_text("utf-8-sig")[:MOST_BYTES], str(file))
        except (OSError, UnicodeDecodeError, Unreadable):
            continue  # told of when it is read itself
        for document in documents:
            named = [each["path"] for each in document["patches"]]
            for each in [*named, *document["patchesStrategicMerge"]]:
                if each.kind == "str" and "\n" not in each.text:
                    yield (file.parent / each.text).resolve()
