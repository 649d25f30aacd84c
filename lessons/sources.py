"""The code that a step shows: from `engine.learner:Learner.fit` to its lines, read and not imported."""

import ast
import re
from importlib.resources import files

import msgspec

from fastai_tui.engine.errors import BadInput
from fastai_tui.lessons.problems import shown

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_REFERENCE = re.compile(r"(engine|lessons)((?:\.\w+)+):(\w+(?:\.\w+)*)", re.ASCII)


class Source(msgspec.Struct, frozen=True):
    """A piece of code: its text, its file within the package, and the line on which it begins."""

    text: str
    file: str
    line: int


def source(reference: str) -> str:
    """The source of what `package.module:Name.name` names, as it stands in its file. Raises `BadInput`."""
    return located(reference).text


def located(reference: str) -> Source:
    """The same with its place. Raises `BadInput`."""
    match = _REFERENCE.fullmatch(reference)
    if not match:
        raise BadInput(f"{shown(reference)} names no code: write it as in engine.learner:Learner.fit.")
    *folders, module = match[2][1:].split(".")
    path = files(f"fastai_tui.{match[1]}").joinpath(*folders, f"{module}.py")
    if not path.is_file():
        raise BadInput(f"There is no module {match[1]}{match[2]}: look for what {shown(match[3])} moved to.")
    text = path.read_text(encoding="utf-8")
    found = _found(ast.parse(text), match[3].split("."))
    if found is None:
        raise BadInput(f"There is no code that {shown(reference)} names: look for its present name.")
    first = min([found.lineno, *(mark.lineno for mark in found.decorator_list)])
    lines = text.split("\n")[first - 1 : found.end_lineno]
    return Source("\n".join(lines), "/".join([match[1], *folders, f"{module}.py"]), first)


def _found(tree: ast.Module, names: list[str]) -> Definition | None:
    inside: list[ast.stmt] = tree.body
    found: Definition | None = None
    for name in names:
        found = next((node for node in inside if isinstance(node, Definition) and node.name == name), None)
        if found is None:
            return None
        inside = found.body
    return found
