"""What a reader may rely on in every module of the product and of its tests: short, fake-based, and never asleep."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = [
    "contracts",
    "services",
    "gateway_agent",
    "dal_service",
    "entrance",
    "secure_runtime",
    "client",
    "infra",
    "model_tools",
    "models",
]
MODULES = sorted(path for folder in [*FOLDERS, "examples", "tests"] for path in (ROOT / folder).rglob("*.py"))
NEVER_ASLEEP = [
    path for path in MODULES if path.relative_to(ROOT).parts[:2] in {("tests", "unit"), ("tests", "contract")}
]
LONGEST_MODULE = 400
LONGEST_FUNCTION = 40
NAP = re.compile(r"\bsleep\((?!0\)|\))")


@cache
def text(path: Path) -> str:
    return path.read_text()


def parsed(path: Path) -> ast.Module:
    """Not kept: all of them together would slow every test that follows."""
    return ast.parse(text(path))


def place(path: Path, node: ast.AST | None = None) -> str:
    line = f":{node.lineno}" if isinstance(node, ast.expr | ast.stmt) else ""
    return f"{path.relative_to(ROOT)}{line}"


def statements(node: ast.AST) -> Iterator[ast.stmt]:
    """All below `node`: what is inside an expression is none."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield from statements(child)


def long_functions(path: Path) -> Iterator[ast.stmt]:
    for node in statements(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            if node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION:
                yield node


def mocks(path: Path) -> Iterator[ast.stmt]:
    if "unittest" not in text(path):
        return
    for node in statements(parsed(path)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        module = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
        if any(f"{module}.{name}".strip(".").startswith("unittest.mock") for name in names):
            yield node


def naps(path: Path) -> Iterator[ast.expr]:
    """Calls of the real `sleep` that last, and programs in strings that hold one."""
    if "sleep" not in text(path):
        return
    for node in ast.walk(parsed(path)):
        match node:
            case ast.Call(func=ast.Attribute(attr="sleep"), args=[ast.Constant(value=0)]):
                continue
            case ast.Call(func=ast.Attribute(attr="sleep", value=ast.Name(id="time" | "asyncio"))):
                yield node
            case ast.Constant(value=str() as words) if NAP.search(words):
                yield node


def test_no_module_is_longer_than_a_reader_holds() -> None:
    assert MODULES
    assert [place(path) for path in MODULES if len(text(path).splitlines()) > LONGEST_MODULE] == []


def test_no_function_is_longer_than_a_screen() -> None:
    assert [place(path, node) for path in MODULES for node in long_functions(path)] == []


def test_nothing_is_tested_against_a_mock() -> None:
    assert [place(path, node) for path in MODULES for node in mocks(path)] == []


def test_no_unit_or_contract_test_sleeps() -> None:
    assert NEVER_ASLEEP
    assert [place(path, node) for path in NEVER_ASLEEP for node in naps(path)] == []
