"""Names that cost nothing: for locals and parameters, and for the globals of the bundle.

A local has no name in the bytecode, so its name is only in the way of others. A parameter that nobody passes by name,
and a global of the bundle, take a name that is in the .mpy anyway: where a parameter, a global and an attribute have
the same one, the table of names on the board grows by one and not by three.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections import Counter

import shrink
from bundling import MARK
from scopes import Scopes

LOCAL = re.compile(r"L\d+$")
# Of IN_FLASH, for parameters; no global gets one of these.
PARAMETERS = ("abs", "any", "chr", "dir", "hash", "oct", "pow", "sum", "zip", "map", "divmod", "round")
MARKED = re.compile(f"({MARK}[a-z]*{MARK})\\d+{MARK}\\w+")  # the mark of a bundle, and the rest
ONE_BYTE = 127  # the first names of an .mpy are one byte in its code, all others two


def free_locals(modules: dict[str, ast.Module], hands_on) -> None:
    """Rename what only a function knows. hands_on(name): whether users may name the parameters of this function."""
    by_name = passed_by_name(modules)
    for tree in modules.values():
        scopes = Scopes(tree)
        used = {name for _, _, _, name, owner in scopes.uses() if owner is None or owner is scopes.module}
        numbers = 0
        for scope in scopes.all:
            if scope.kind not in ("function", "comprehension"):
                continue
            fixed = {name for node, _, name in scope.uses if isinstance(node, shrink.DEFINITIONS)}
            for name in sorted(scope.bound - set(scope.params) - fixed):
                if name not in scope.declared:
                    scopes.rename(scope, name, f"L{numbers}")
                    numbers += 1
            if scope.kind == "function" and not keeps_parameters(scope, hands_on):
                free = [name for name in PARAMETERS if name not in used]
                for name in scope.params:
                    if name in by_name or name in ("self", "cls") or not free or LOCAL.match(name):
                        continue
                    taken = {one for inner in scopes.all if scope in inner.chain() for _, _, one in inner.uses}
                    taken |= {one for _, _, one in scope.uses}
                    choice = [one for one in free if one not in taken]
                    if choice:
                        scopes.rename(scope, name, choice[0])


def keeps_parameters(scope, hands_on) -> bool:
    """Whether users may call a function with its parameters' names, or what they gave is handed to it (`**options`)."""
    if isinstance(scope.node, ast.Lambda):
        return False
    name = own_name(scope.node.name)
    if name == "__init__" and scope.parent.kind == "class":
        name = own_name(scope.parent.node.name)
    return not name.startswith("__") and hands_on(name)


def own_name(name: str) -> str:
    """The name that a global of the bundle has in the source."""
    return name.split(MARK)[-1]


def passed_by_name(modules: dict[str, ast.Module]) -> set[str]:
    """Names in calls, and in texts that may say what a handler is called with."""
    found: set[str] = set()
    for tree in modules.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg:
                found.add(node.arg)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.update(re.findall(r"\w+", node.value))
    return found


def holders(modules: dict[str, ast.Module]) -> dict[str, set[str]]:
    """{a bundle's mark: paths of the modules in which globals of it are named}."""
    found: dict[str, set[str]] = {}
    for path, tree in modules.items():
        for node in ast.walk(tree):
            for value in vars(node).values():
                for text in value if isinstance(value, list) else (value,):
                    if isinstance(text, str) and MARK in text:
                        for mark in MARKED.findall(text):
                            found.setdefault(mark, set()).add(path)
    return found


def finish(modules: dict[str, ast.Module], core: str, bundle, is_kept, lower=(), where=None) -> dict[str, str]:
    """Give the globals of the bundle their names, and return these.

    lower  paths of bundles that are loaded before, and have theirs
    where  paths of the modules in which they are named; None: look into all
    """
    named = {path: tree for path, tree in modules.items() if where is None or path in where or path == core}
    scopes = {path: Scopes(tree) for path, tree in named.items()}
    times: Counter = Counter()
    forbidden: dict[str, set[str]] = {}
    classes = set()
    taken = {"__name__", *PARAMETERS}
    for path, found in scopes.items():
        words = {name for one in found.all for _, _, name in one.uses if MARK not in name} if path != core else set()
        for scope, node, _, name, owner in found.uses():
            if path == core and (owner is None or owner is found.module and MARK not in name):
                taken.add(name)
            if path == core and isinstance(node, ast.ClassDef):
                classes.add(name)
            if not name.startswith(bundle.mark):
                continue
            times[name] += path == core
            near = set().union(*(one.bound for one in scope.chain() if one is not found.module))
            forbidden.setdefault(name, set()).update(words, near)
    final: dict[str, str] = {}

    def give(placeholder: str, name: str) -> bool:
        if name in taken or name in forbidden.get(placeholder, ()):
            return False
        final[placeholder] = name
        taken.add(name)
        return True

    for placeholder, name in bundle.fixed.items():
        if not give(placeholder, name):
            raise ValueError(f"no room for the name {name}")
    if core not in modules:
        return final
    rest = [name for name, _ in times.most_common()]
    for placeholder in rest:
        own = own_name(placeholder)
        if placeholder in bundle.wished:
            give(placeholder, bundle.wished[placeholder])
        elif placeholder in classes and is_kept(own) and placeholder not in final:
            give(placeholder, own)
    there = [name for name, _ in names_of(modules[core]).most_common() if MARK not in name]
    # What is there always comes second.
    there += [name for other in lower for name, _ in names_of(modules[other]).most_common() if MARK not in name]
    there = [name for name in there if name not in dir(builtins) and not name.startswith("__")]
    for placeholder in rest:
        if placeholder not in final:
            next(name for name in (*there, *shrink.short_names()) if give(placeholder, name))
    for tree in named.values():
        _Finisher(final).visit(tree)
    return final


def final_text(text: str, final: dict[str, str]) -> str:
    """A text with the names of globals in it."""
    return MARKED.sub(lambda found: final.get(found.group(), found.group()), text)


def names_of(tree: ast.Module) -> Counter:
    """How often a name is in the bytecode of a module."""
    found: Counter = Counter()
    for _, node, _, name, owner in Scopes(tree).uses():
        if isinstance(node, ast.arg) or owner is None or owner.kind in ("module", "class"):
            found[name] += 1
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            found[node.attr] += 1
        elif isinstance(node, ast.keyword) and node.arg:
            found[node.arg] += 1
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found[node.name] += 1
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"\w{1,10}", node.value):
            found[node.value] += 1
    return found


def in_order(tree: ast.Module) -> None:
    """Put the names that are most often in the code first in the .mpy.

    The compiler numbers attributes before it comes to globals, in the order in which it meets them: here all stand as
    attributes in a line that never runs, and that goes with the rest of the module's own code once it is loaded.
    """
    chain: ast.expr = ast.Name("__name__", ast.Load())
    found = names_of(tree)
    if len(found) <= ONE_BYTE:
        return
    for name, _ in found.most_common(ONE_BYTE):
        if name.isidentifier() and name not in ("True", "False", "None", "__name__"):
            chain = ast.Attribute(chain, name, ast.Load())
    never = ast.Compare(ast.Name("__name__", ast.Load()), [ast.Is()], [ast.Constant(None)])
    tree.body.insert(0, ast.If(never, [ast.Expr(chain)], []))
    ast.fix_missing_locations(tree)


class _Finisher(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]):
        self.names = names

    def visit(self, node):
        for field in ("attr", "id", "name", "asname"):
            name = getattr(node, field, None)
            if isinstance(name, str) and name in self.names:
                setattr(node, field, self.names[name])
        if isinstance(node, ast.alias) and node.asname == node.name:
            node.asname = None
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            node.names = [self.names.get(name, name) for name in node.names]
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and MARK in node.value:
            node.value = final_text(node.value, self.names)
        return self.generic_visit(node)
