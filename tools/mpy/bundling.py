"""Puts the modules that every server loads into one, `viperhttp._core`, and sends the imports of all others there.

A module costs a board some 200 bytes, each name that it imports ten, and each has its own list of the names in it.
In one module a name of another is the same global, and a number that was imported is a number in the code.
Until finish() every global of the bundle has a name with MARK in it, which no source has.
"""

from __future__ import annotations

import ast
import pathlib
import re

import constants
from bundles import APART, CORE, MEMBERS
from replacing import BundleError, Replacer
from scopes import Scopes, set_name

PACKAGE = "viperhttp"
MARK = "\u0262"


def module_name(path: str) -> str:
    """viperhttp/app/table.py -> viperhttp.app.table"""
    return ".".join(pathlib.PurePath(path).with_suffix("").parts).removesuffix(".__init__")


class Words:
    """Tells which modules cannot concern a bundle, by the words in their imports and texts; remembers those."""

    def __init__(self):
        self.read: dict[int, tuple[ast.Module, set[str]]] = {}

    def beside(self, trees: dict[str, ast.Module], members, package: str = PACKAGE) -> dict[str, ast.Module]:
        """The trees that name none of the members, and are none, by their paths."""
        short = {name.rpartition(".")[2] for name in members}
        own = {package, *(f"{package}.{name}" for name in members)}
        return {
            path: tree
            for path, tree in trees.items()
            if module_name(path) not in own and not short & self._words(tree)
        }

    def _words(self, tree: ast.Module) -> set[str]:
        if id(tree) not in self.read:
            found: set[str] = set()
            for node in ast.walk(tree):
                if isinstance(node, (ast.Import, ast.ImportFrom)):
                    found.update(re.findall(r"\w+", getattr(node, "module", None) or ""))
                    found.update(word for alias in node.names for word in alias.name.split("."))
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.update(re.findall(r"\w+", node.value))
            self.read[id(tree)] = (tree, found)  # with the tree: no other one gets its number
        return self.read[id(tree)][1]


class Bundle:
    """The bundle of a package: Bundle(trees, others).put_together() changes and returns the trees.

    trees    {path: folded tree}
    others   paths of modules that are not parsed
    keeps    keeps(name): whether users may know it, and import it from a module beside the bundle that imports it
    members  names of what goes into the bundle, below the package
    core     what the bundle is called
    earlier  bundles that were put together before: what members import from there is the same global in all of them
    """

    def __init__(
        self,
        trees: dict[str, ast.Module],
        others=(),
        keeps=bool,
        members=MEMBERS,
        package: str = PACKAGE,
        core: str = CORE,
        earlier=(),
    ):
        self.package = package
        self.core = core
        self.mark = MARK + core.strip("_") + MARK
        self.earlier = {f"{package}.{name}" for name in earlier}
        self.path = f"{package}/{core}.py"
        self.apart = APART if members else {}
        self.keeps = keeps
        self.paths = {module_name(path): path for path in trees}
        self.known = {*self.paths, *(module_name(path) for path in others)}
        # One that has gone is no fault here; a test says that the list is old.
        self.members = [f"{package}.{name}" for name in members if f"{package}.{name}" in self.paths]
        self.trees = {name: trees[path] for name, path in self.paths.items()}
        self.packages = {name for name, path in self.paths.items() if path.endswith("__init__.py")}
        for name in self.members:
            self.trees[name] = constants.WithoutConst().visit(self.trees[name])
        self.scopes = {name: Scopes(tree) for name, tree in self.trees.items()}
        self.statements: dict[int, ast.stmt] = {}  # id of an alias -> its import
        for tree in self.trees.values():
            for node in ast.walk(tree):
                if isinstance(node, (ast.Import, ast.ImportFrom)):
                    self.statements.update((id(alias), node) for alias in node.names)
        self.top_names = {name: set(self.scopes[name].module.bound) for name in self.members}
        # module -> {name: [what its import statements at the top level bind it to]}
        self.imported = {name: self._imports_of(name, self.scopes[name].module) for name in self.trees}
        self.rebound = {name: self._rebound(name) for name in self.members}
        self.globals: dict[tuple, str] = {}  # (module, name) or ("", module, name) of an import -> global of the bundle
        self.fixed: dict[str, str] = {}  # global -> the name that it has to get
        self.wished: dict[str, str] = {}  # global -> the name that costs nothing
        self.values: dict[tuple, object] = {}
        for name in self.members:
            self._find_values(name)

    # -- what a name stands for ----------------------------------------------

    def base(self, module: str, node: ast.ImportFrom) -> str:
        parts = module.split(".") if module in self.packages else module.split(".")[:-1]
        parts = parts[: len(parts) - node.level + 1]
        return ".".join([*parts, *([node.module] if node.module else [])])

    def _target(self, module: str, alias: ast.alias) -> tuple:
        """("module", name), ("name", module, name) or ("outside", module, name)."""
        node = self.statements[id(alias)]
        if isinstance(node, ast.Import) or not node.level:
            return ("outside", getattr(node, "module", None) or alias.name, isinstance(node, ast.Import) or alias.name)
        base = self.base(module, node)
        if f"{base}.{alias.name}" in self.known:
            return ("module", f"{base}.{alias.name}")
        return ("name", base, alias.name)

    def _imports_of(self, module: str, scope) -> dict[str, list]:
        found: dict[str, list] = {}
        for node, _, name in scope.uses:
            if isinstance(node, ast.alias):
                found.setdefault(name, []).append(self._target(module, node))
        return found

    def _rebound(self, module: str) -> set[str]:
        """Names that a member imports and then binds to something else: they are its own."""
        scopes = self.scopes[module]
        bound = {
            name
            for _, node, _, name, owner in scopes.uses()
            if owner is scopes.module
            and not isinstance(node, (ast.alias, ast.Name))
            or isinstance(node, ast.Name)
            and isinstance(node.ctx, ast.Store)
            and owner is scopes.module
        }
        inside = {name for name, targets in self.imported[module].items() if targets[0][0] != "outside"}
        return {name for name in bound & inside if self.imported[module][name][0][1] in set(self.trees) - self.earlier}

    def resolve(self, target: tuple) -> tuple | None:
        """("module", member), ("value", constant) or ("global", its name in the bundle); None: not in the bundle."""
        if target[0] == "module":
            return target if target[1] in self.members else None
        if target[0] != "name" or target[1] not in self.trees:
            return None
        module, name = target[1:]
        further = self.imported[module].get(name)
        if further and module not in self.members:
            return self.resolve(further[0])
        return self.at_top(module, name) if module in self.members else None

    def at_top(self, module: str, name: str) -> tuple:
        """The same for a name at the top level of a member."""
        further = [] if name in self.rebound[module] else self.imported[module].get(name, [])
        found = self.resolve(further[0]) if further else None
        if found is not None:
            return found
        if (module, name) in self.values:
            return ("value", self.values[module, name])
        key = (module, name)
        if further and self._is_lifted(module, name):
            if further[0][0] == "outside":
                key = ("", *further[0][1:])
            elif further[0][1] in self.earlier:
                # It has a name that costs nothing here.
                self.globals[("", *further[0][1:])] = further[0][2]
                return ("global", further[0][2])
        if key not in self.globals:
            placeholder = f"{self.mark}{len(self.globals)}{MARK}{name}"
            self.globals[key] = placeholder
            if further:
                self.wished[placeholder] = name
        return ("global", self.globals[key])

    def _is_lifted(self, module: str, name: str) -> bool:
        """Whether a name comes from an ordinary import at the top, not from one in a `try`."""
        nodes = [
            node for node, _, used in self.scopes[module].module.uses if used == name and isinstance(node, ast.alias)
        ]
        return len(nodes) == 1 and self.statements[id(nodes[0])] in self.trees[module].body

    def _find_values(self, module: str) -> None:
        """Constants of a member: bound once, at the top, to a number or text."""
        scopes = self.scopes[module]
        times: dict[str, int] = {}
        for _, node, field, name, owner in scopes.uses():
            bound = not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load)
            if owner is scopes.module and (bound or field == "names"):
                times[name] = times.get(name, 0) + 1

        def known(name):
            if name == "MICROPYTHON":
                return True
            return self.values.get((module, name), constants.NO_VALUE)

        if module == self.package + ".config":
            self.values[module, "MICROPYTHON"] = True
        for node in self.trees[module].body:
            for name, value in constants.given(node, known):
                if times.get(name) == 1:
                    self.values[module, name] = value

    # -- rewriting -----------------------------------------------------------

    def put_together(self) -> dict[str, ast.Module]:
        """{path: tree} of the bundle, of the modules beside it, and of a small one in each place it has emptied."""
        result = {}
        for name, path in self.paths.items():
            if name not in self.members:
                self._rewrite(name)
                result[self.place(path)] = self.trees[name]
        if not self.members:
            return result
        order = self._order()
        for name in order:
            self._rewrite(name)
        body = self._lifted()
        for name in order:
            body += self.trees[name].body
        self._complete(body, result)
        self.bound = Scopes(ast.Module(body, [])).module.bound
        result[self.path] = ast.fix_missing_locations(ast.Module(body, []))
        return result

    def place(self, path: str) -> str:
        """Where a module lies once it is built."""
        name = module_name(path).removeprefix(self.package + ".")
        return f"{self.package}/{self.apart[name]}.py" if name in self.apart else path

    def _complete(self, body: list[ast.stmt], others: dict[str, ast.Module]) -> None:
        """Give a class the methods of those of its `_cold` mixins that are in the bundle: they are never loaded."""
        classes = {node.name: node for node in body if isinstance(node, ast.ClassDef)}
        used = {node.id for statement in body for node in ast.walk(statement) if isinstance(node, ast.Name)}
        used |= {node.name for tree in others.values() for node in ast.walk(tree) if isinstance(node, ast.alias)}
        used |= {node.attr for tree in others.values() for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        for node in list(classes.values()):
            for one in node.body:
                if not (isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == "_cold"):
                    continue
                listed = one.value.right if isinstance(one.value, ast.BinOp) else one.value
                assert isinstance(listed, ast.Tuple)
                texts = [text for text in listed.elts if isinstance(text, ast.Constant)]
                names = {text: text.value.split(" ")[0].rpartition(".")[2] for text in texts}
                own = {getattr(inner, "name", None) for inner in node.body}
                for text, name in names.items():
                    mixin = classes.get(name)
                    if mixin is None or mixin.bases or name in used:
                        continue
                    if not all(isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)) for inner in mixin.body):
                        continue
                    if own & {inner.name for inner in mixin.body}:  # type: ignore[attr-defined]
                        continue
                    node.body += mixin.body
                    listed.elts.remove(text)
                    body.remove(mixin)

    def stubs(self, importable=lambda name: True) -> dict[str, ast.Module]:
        """{path: tree}: what `import viperhttp.exceptions` finds, with the names that users are told of.

        importable(name)  whether a module is wanted, by its name below the package; packages always are
        """
        found = {}
        for module in self.members:
            if module not in self.packages and not importable(module[len(self.package) + 1 :]):
                continue
            body: list[ast.stmt] = []
            aliases = []
            for name in sorted(self.scopes[module].module.bound | set(self.imported[module])):
                if name.startswith("_") or MARK in name or not self.keeps(name):
                    continue
                if any(target[0] == "outside" for target in self.imported[module].get(name, ())):
                    continue
                kind, what = self.at_top(module, name)
                if kind == "value":
                    body.append(ast.Assign([ast.Name(name, ast.Store())], ast.Constant(what)))
                elif kind == "global" and what in self.bound:
                    aliases.append(ast.alias(what, name))
            if aliases:
                # By the package's own loader, as everywhere: it keeps the heap in large blocks.
                if self.package in self.trees and "_load" in self.scopes[self.package].module.bound:
                    load = f"import {self.package}\n{self.package}._load('{self.package}.{self.core}', '')"
                    body += ast.parse(load).body
                body.append(ast.ImportFrom(self.core, aliases, self.depth(module)))
            if body or module in self.packages:
                found[self.paths[module]] = ast.fix_missing_locations(ast.Module(body, []))
        return found

    def machine_code(self, path: str, text: str) -> str:
        """A module of machine code, of which only the imports are changed."""
        lines = text.split("\n")
        if not self.members:
            return text
        for node in ast.parse(text).body:
            if isinstance(node, ast.ImportFrom) and node.level:
                module = module_name(path)
                base = self.base(module, node)
                for alias in node.names:
                    kind, what = self.at_top(base, alias.name) if base in self.members else ("", None)
                    if kind != "global" or len(node.names) > 1:
                        raise BundleError(f"{path}: {ast.unparse(node)}: one global of {self.core} is possible")
                    line = ast.ImportFrom(self.core, [ast.alias(str(what), alias.name)], self.depth(module))
                    lines[node.lineno - 1] = ast.unparse(line)
        return "\n".join(lines)

    def depth(self, module: str) -> int:
        if module.removeprefix(self.package + ".") in self.apart:
            return 1
        return module.count(".") + (module in self.packages)

    def _order(self) -> list[str]:
        done: list[str] = []

        def visit(name, above=()):
            if name in done or name not in self.members or name in above:
                return
            for targets in self.imported[name].values():
                for target in targets:
                    if target[0] != "outside":
                        visit(target[1], (*above, name))
            done.append(name)

        for name in self.members:
            visit(name)
        return done

    def _lifted(self) -> list[ast.stmt]:
        """The imports from outside, each once, as far as they are used."""
        used = set()
        for name in self.members:
            used |= {node.id for node in ast.walk(self.trees[name]) if isinstance(node, ast.Name)}
        body: list[ast.stmt] = []
        for key, placeholder in self.globals.items():
            if key[0] == "" and placeholder in used:
                _, module, name = key
                if name is True:
                    body.append(ast.Import([ast.alias(module, placeholder)]))
                elif module in self.earlier:
                    body.append(ast.ImportFrom(module.rpartition(".")[2], [ast.alias(name)], 1))
                else:
                    body.append(ast.ImportFrom(module, [ast.alias(name, placeholder)], 0))
        return body

    def _rewrite(self, module: str) -> None:
        inside = module in self.members
        scopes = self.scopes[module]
        replaced: dict[int, ast.expr] = {}  # id of a Name -> what stands in its place
        modules: dict[int, str] = {}  # id of a Name -> the member that it means
        gone: set[int] = set()  # ids of aliases
        bound_by: dict[tuple, list] = {}
        for _, node, _, name, owner in scopes.uses():
            if owner is not None and (not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load)):
                bound_by.setdefault((id(owner), name), []).append(node)
        for _, node, field, name, owner in list(scopes.uses()):
            if owner is None:
                continue
            if isinstance(node, ast.alias) and self._target(module, node)[-1] == "const":
                gone.add(id(node))
                continue
            aliases = [one for one in bound_by.get((id(owner), name), []) if isinstance(one, ast.alias)]
            again = inside and owner is scopes.module and name in self.rebound[module]
            found = self.resolve(self._target(module, aliases[0])) if aliases and not again else None
            if again and isinstance(node, ast.alias):
                kind, what = self.resolve(self._target(module, node))  # type: ignore[misc]
                if kind == "module":
                    raise BundleError(f"{module}: {name} is a module, and bound again")
                node.assigned = (  # type: ignore[attr-defined]
                    self.at_top(module, name)[1],
                    ast.Constant(what) if kind == "value" else ast.Name(what, ast.Load()),
                )
                continue
            if found is not None and len(aliases) != len(bound_by[id(owner), name]):
                if inside or found[0] != "global":
                    raise BundleError(f"{module}: {name} is imported and bound again")
                for alias in aliases:
                    alias.keeps = True  # type: ignore[attr-defined]
                continue
            if found is not None and name == "const":
                continue
            if found is None and inside and owner is scopes.module:
                found = self.at_top(module, name)
                if isinstance(node, ast.alias):
                    if found[1] in self.globals.values() and self._is_lifted_global(found[1]):
                        gone.add(id(node))
                    else:
                        node.asname = found[1]
                    continue
                if found[0] == "value" and not isinstance(getattr(node, "ctx", None), ast.Load):
                    continue  # the assignment goes as a whole
            if found is None:
                continue
            kind, what = found
            if isinstance(node, ast.alias):
                if inside or kind == "value":
                    gone.add(id(node))
            elif kind == "value":
                replaced[id(node)] = ast.Constant(what)
            elif kind == "module":
                modules[id(node)] = what
            elif inside or not self.keeps(name):
                set_name(node, field, name, what)
        if not inside:
            self._send_to_core(module, gone)
        tree = Replacer(self, module, replaced, modules, gone).visit(self.trees[module])
        if inside:
            tree.body = [node for node in tree.body if not self._is_constant(module, node)]
        self.trees[module] = ast.fix_missing_locations(tree)

    def _is_lifted_global(self, placeholder: str) -> bool:
        return any(key[0] == "" and used == placeholder for key, used in self.globals.items())

    def _is_constant(self, module: str, node: ast.stmt) -> bool:
        names = [name for name, _ in constants.given(node, lambda name: 0)]
        return bool(names) and all((module, name) in self.values for name in names)

    def _send_to_core(self, module: str, gone: set[int]) -> None:
        """Imports of what is in the bundle, in a module beside it."""
        for alias_id, node in self.statements.items():
            if not isinstance(node, ast.ImportFrom):
                continue
            for alias in node.names:
                if id(alias) != alias_id or alias_id in gone or not node.level:
                    continue
                if node not in self._own_statements(module):
                    continue
                found = self.resolve(self._target(module, alias))
                if found is not None:
                    alias.core = found  # type: ignore[attr-defined]

    def _own_statements(self, module: str):
        cached = self.__dict__.setdefault("_statements_of", {})
        if module not in cached:
            cached[module] = {node for node in ast.walk(self.trees[module]) if isinstance(node, ast.ImportFrom)}
        return cached[module]

    def text(self, text: str) -> str | None:
        """What a text that names a member's class becomes: "viperhttp.app.serving.Serving begin shutdown "."""
        first, space, rest = text.partition(" ")
        where, _, name = first.rpartition(".")
        if where in self.members and re.fullmatch(r"\w+", name) and name in self.top_names[where]:
            return f"{self.package}.{self.core}.{self.at_top(where, name)[1]}{space}{rest}"
        return None
