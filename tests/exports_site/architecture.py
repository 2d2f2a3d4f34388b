"""What the house rules forbid, found in source text: each function returns what it has found, in words."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import PurePath

from django.conf import global_settings

# (a) Who may import whom

PACKAGES = ("exports_site", "exports", "progress", "modal_functions")
ACROSS_THE_WIRE = (
    *("modal_functions.wire", "modal_functions.store", "modal_functions.stores", "modal_functions.needs"),
    *("modal_functions.bucket", "modal_functions.folder", "modal_functions.multipart", "modal_functions.addresses"),
    *("modal_functions.recognisers", "modal_functions.enlarging.weights"),
    *("modal_functions.posting", "modal_functions.publishing", "modal_functions.sweeping", "modal_functions.plain"),
    *("modal_functions.media.probe", "modal_functions.media.child", "modal_functions.media.nursery"),
    *("modal_functions.media.errors", "modal_functions.media.letters", "modal_functions.media.items"),
    "modal_functions.media.spec",
    *("modal_functions.editing.cut", "modal_functions.editing.edl", "modal_functions.editing.timecode"),
)
NOT_IMPORTED_BY = {
    "progress": ("exports", "exports_site", "modal_functions", "modal", "av", "tests"),
    "exports": ("exports_site", "modal_functions", "tests"),
    "exports_site": ("modal_functions", "tests"),
    "modal_functions": ("exports", "exports_site", "progress", "django", "tests"),
}
ONLY_THERE = {"modal": ("exports/runners/modal.py", "modal_functions/app.py")}
PURE = ("progress/bands.py", "progress/pipelines.py", "progress/report.py", "progress/errors.py", "progress/estimate/")


def imports(path: str, source: str) -> Iterator[str]:
    """The dotted name of everything that is imported, wherever in the file, also by name at run time."""
    package = PurePath(path).parent.parts
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else ()
            module = (*above, *([node.module] if node.module else []))
            yield from (".".join((*module, alias.name)) for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "import_string", "__import__"):
                yield str(node.args[0].value)


def is_within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def forbidden_imports(path: str, source: str) -> list[str]:
    package = PurePath(path).parts[0]
    allowed = ACROSS_THE_WIRE if package == "exports" else ()
    return [
        f"{path} imports {name}"
        for name in imports(path, source)
        if (is_within(name, NOT_IMPORTED_BY[package]) and not is_within(name, allowed))
        or any(is_within(name, (only,)) and path not in places for only, places in ONLY_THERE.items())
    ]


def impurities(path: str, source: str) -> list[str]:
    """What a pure module may lean on: the standard library and other pure modules."""
    pure = tuple(each.removesuffix(".py").rstrip("/").replace("/", ".") for each in PURE)
    return [
        f"{path} imports {name}"
        for name in imports(path, source)
        if name.partition(".")[0] not in sys.stdlib_module_names and not is_within(name, pure)
    ]


# (b) Words with no meaning of their own

BANNED = {"manager", "service", "util", "helper", "handler", "data", "info", "task"}
BANNED |= {f"{word}s" for word in BANNED}
# What Django calls by name.
GIVEN = {
    "FILE_UPLOAD_HANDLERS",
    "get_context_data",
    "receive_data_chunk",
    "handler400",
    "handler403",
    "handler404",
    "handler500",
    *dir(global_settings),
}
QUEUE = "exports/tasks.py"  # where django-q2's tasks are


def words(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def given_names(source: str) -> Iterator[tuple[str, int]]:
    """Every name that this source gives, to a class, function, argument or variable, with its line."""
    for node in ast.walk(ast.parse(source)):
        line = getattr(node, "lineno", 0)
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name, line
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                yield name, line
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name, ctx=ast.Store()):
                yield name, line
            case ast.alias(asname=str(name)) | ast.ExceptHandler(name=str(name)):
                yield name, line
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                yield name, line


def banned_names(path: str, source: str) -> list[str]:
    found = [
        f"{path}:{line} calls something {name!r}"
        for name, line in given_names(source)
        if name not in GIVEN and BANNED & set(words(name))
    ]
    parts = [part for part in PurePath(path).with_suffix("").parts if BANNED & set(words(part))]
    return found + [f"{path} has {part!r} in its path" for part in parts if path != QUEUE]


# (c) One writer of a job's state

COLUMNS = {"status", "wish", "stage", "bp", "percent", "version"}
WRITERS = {f"progress/{name}.py" for name in ("tracker", "writes", "batch", "lifecycle", "fold")}
WRITES = {"update", "create", "get_or_create", "update_or_create", "bulk_update", "aupdate", "acreate", "save", "asave"}
SQL = re.compile(r"\b(update|insert\s+into)\s+\"?progress_job\b", re.IGNORECASE)


def writes_of_a_job(path: str, source: str) -> list[str]:
    if path in WRITERS or "migrations" in PurePath(path).parts:
        return []
    tree = ast.parse(source)
    found = [(node.lineno, what) for node in ast.walk(tree) for what in _assigned(node) + _passed(node) + _sql(node)]
    for scope in ast.walk(tree):
        if isinstance(scope, ast.ClassDef) and scope.name == "Job":
            found += [(node.lineno, node.attr) for node in ast.walk(scope) if _sets(node) and _root(node) == "self"]
    return sorted(f"{path}:{line} writes {what} of a job" for line, what in found)


def _sets(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del) and node.attr in COLUMNS


def _assigned(node: ast.AST) -> list[str]:
    """job.status = …, and the same by setattr. What an object sets on itself is its own, unless it is a Job."""
    if _sets(node):
        return [] if _root(node) == "self" else [node.attr]
    match node:
        case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant(value=str(name)), _]) if name in COLUMNS:
            return [name]
    return []


def _passed(node: ast.AST) -> list[str]:
    """….update(status=…), ….create(…), Job(…), save(update_fields=[…]), unless it is said to be of another model."""
    if not isinstance(node, ast.Call):
        return []
    is_job = isinstance(node.func, ast.Name) and node.func.id == "Job"
    is_write = isinstance(node.func, ast.Attribute) and node.func.attr in WRITES
    root = _root(node.func)
    if not (is_job or is_write) or (root[:1].isupper() and root != "Job"):
        return []
    return [name for keyword in node.keywords for name in _named(keyword)] + [
        name for argument in node.args[1:] for name in _texts(argument)
    ]


def _named(keyword: ast.keyword) -> list[str]:
    named = [keyword.arg] if keyword.arg in COLUMNS else []
    return named + (_texts(keyword.value) if keyword.arg in (None, "defaults", "update_fields", "fields") else [])


def _texts(node: ast.AST) -> list[str]:
    """The columns in a literal list of names, or among the keys of a literal dict."""
    match node:
        case ast.Dict(keys=each) | ast.List(elts=each) | ast.Tuple(elts=each) | ast.Set(elts=each):
            return [key.value for key in each if isinstance(key, ast.Constant) and key.value in COLUMNS]
    return []


def _sql(node: ast.AST) -> list[str]:
    text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
    return ["the row"] if SQL.search(text) else []


def _root(node: ast.AST) -> str:
    """The name that a chain of attributes and calls begins with."""
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


# (d) What has no place in a repository

NO_ATTICS = {"utils", "util", "helpers", "helper", "services", "service", "common", "misc", "managers", "handlers"}
FOREIGN = {
    "a package registry": r"--(?:extra-)?index-url\b|https?://[^\s\"']*/(?:simple|packages)\b|\bregistry\.\w+\.\w",
    "a path of one machine": r"(?<![\w.$~}*-])/(?:root|work|home|Users)/[\w.]",
    "a secret": (
        r"-----BEGIN [A-Z ]*PRIVATE KEY|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[opsu]_\w{36}|github_pat_\w{20}"
        r"|\bxox[abprs]-\w{10}|\bsk_live_\w{10}|\ba[ks]-[A-Za-z0-9]{22}\b|\beyJ[\w-]{20,}\.[\w-]{20,}"
        r"|(?i:secret_key|password|token)\s*=\s*[\"'][\w/+-]{32,}[\"']"
    ),
}
PINNED = re.compile(r"[a-z0-9][a-z0-9._-]*(\[[a-z0-9,-]+\])?==[^\s;]+( ; [^#]+?)?( --hash=sha256:[0-9a-f]{64})+")


def attics(path: str) -> list[str]:
    return [f"{path} is an attic"] if NO_ATTICS & set(PurePath(path).with_suffix("").parts) else []


def foreign(path: str, source: str) -> list[str]:
    return [
        f"{path}:{number} names {what}: {hit[0]}"
        for number, line in enumerate(source.splitlines(), 1)
        for what, pattern in FOREIGN.items()
        if (hit := re.search(pattern, line))
    ]


def unpinned(path: str, source: str) -> list[str]:
    """A lock file names exact versions with their hashes, and no place to get them from."""
    lines = re.sub(r"\s*\\\n\s*", " ", source).splitlines()
    found = [
        line for line in lines if line.strip() and not line.lstrip().startswith("#") and not PINNED.fullmatch(line)
    ]
    return [f"{path}: {line[:80]}" for line in found] + [f"{path} holds a URL" for _ in re.findall("://", source)[:1]]


def top_level(requirements: list[str]) -> set[str]:
    """The names alone: psycopg of psycopg[binary]>=3."""
    found = (re.match(r"[A-Za-z0-9._-]+", requirement) for requirement in requirements)
    return {name[0].lower() for name in found if name}


def unnamed(requirements: list[str], readme: str) -> list[str]:
    """Those that the README names nowhere between backticks."""
    told = {name.lower() for quoted in re.findall(r"`([^`\n]+)`", readme) for name in top_level(quoted.split())}
    return sorted(top_level(requirements) - told)
