"""Which scope of a module each name in it belongs to, as Python's rules have it."""

from __future__ import annotations

import ast

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Scope:
    """A module, class, function or comprehension.

    bound   names that belong to it
    uses    [(node, field, name)]: where names stand directly in it, bound or not
    params  names of a function's parameters
    """

    def __init__(self, node, parent: Scope | None, kind: str):
        self.node = node
        self.parent = parent
        self.kind = kind
        self.bound: set[str] = set()
        self.uses: list[tuple[ast.AST, str, str]] = []
        self.params: list[str] = []
        self.declared: dict[str, str] = {}  # name -> "global" or "nonlocal"

    def chain(self):
        """This scope and those around it that it sees."""
        scope = self
        while scope is not None:
            if scope is self or scope.kind != "class":
                yield scope
            scope = scope.parent


class Scopes(ast.NodeVisitor):
    """All scopes of a module; the first is the module itself."""

    def __init__(self, tree: ast.Module):
        self.module = self.now = Scope(tree, None, "module")
        self.all = [self.module]
        for node in tree.body:
            self.visit(node)

    def owner(self, scope: Scope, name: str) -> Scope | None:
        """The scope that a name in `scope` belongs to; None: it is built in."""
        if scope.declared.get(name) == "global":
            return self.module if name in self.module.bound else None
        for one in scope.chain():
            if one is scope and name in scope.declared:
                continue
            if name in one.bound and one.declared.get(name) is None:
                return one
        return None

    def uses(self):
        """(scope, node, field, name, owner) of every name in the module."""
        for scope in self.all:
            for node, field, name in scope.uses:
                yield scope, node, field, name, self.owner(scope, name)

    def rename(self, owner: Scope, old: str, new: str) -> None:
        """Give a scope's own name another one, wherever it is used."""
        for scope, node, field, name, found in list(self.uses()):
            if name == old and found is owner:
                set_name(node, field, old, new)
                scope.uses[scope.uses.index((node, field, name))] = (node, field, new)
        for scope in self.all:
            if scope.declared.get(old) and (scope.declared[old] == "nonlocal" or owner.kind == "module"):
                scope.declared[new] = scope.declared[old]
        owner.bound.discard(old)
        owner.bound.add(new)

    def _use(self, node, field: str, name: str, binds: bool) -> None:
        self.now.uses.append((node, field, name))
        if binds and name not in self.now.declared:
            self.now.bound.add(name)
        elif binds and self.now.declared[name] == "global":
            self.module.bound.add(name)

    def visit_Name(self, node):
        self._use(node, "id", node.id, not isinstance(node.ctx, ast.Load))

    def visit_alias(self, node):
        if node.name != "*":
            self._use(node, "asname", node.asname or node.name.split(".")[0], True)

    def visit_ExceptHandler(self, node):
        if node.name:
            self._use(node, "name", node.name, True)
        self.generic_visit(node)

    def visit_Global(self, node):
        for name in node.names:
            self.now.declared[name] = "global"
            self.module.bound.add(name)
            self.now.uses.append((node, "names", name))

    def visit_Nonlocal(self, node):
        for name in node.names:
            self.now.declared[name] = "nonlocal"
            self.now.uses.append((node, "names", name))

    def visit_ClassDef(self, node):
        self._use(node, "name", node.name, True)
        for one in [*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)]:
            self.visit(one)
        self._inside(node, "class", node.body)

    def visit_FunctionDef(self, node):
        self._use(node, "name", node.name, True)
        for one in node.decorator_list:
            self.visit(one)
        self._function(node, node.body)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node):
        self._function(node, [node.body])

    def _function(self, node, body) -> None:
        arguments = node.args
        for one in [*arguments.defaults, *(value for value in arguments.kw_defaults if value is not None)]:
            self.visit(one)
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        self._inside(node, "function", body, [arg for arg in every if arg is not None])

    def _inside(self, node, kind: str, body, args=()) -> None:
        outer, self.now = self.now, Scope(node, self.now, kind)
        self.all.append(self.now)
        # `global` holds for the whole function, also where it stands further down.
        for arg in args:
            self.now.params.append(arg.arg)
            self._use(arg, "arg", arg.arg, True)
        for one in body:
            self.visit(one)
        self.now = outer

    def _comprehension(self, node):
        self.visit(node.generators[0].iter)
        outer, self.now = self.now, Scope(node, self.now, "comprehension")
        self.all.append(self.now)
        for i, generator in enumerate(node.generators):
            self.visit(generator.target)
            if i:
                self.visit(generator.iter)
            for test in generator.ifs:
                self.visit(test)
        for field in ("elt", "key", "value"):
            if hasattr(node, field):
                self.visit(getattr(node, field))
        self.now = outer

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension


def set_name(node: ast.AST, field: str, old: str, new: str) -> None:
    """Change a name where Scopes found it."""
    if field == "names":
        node.names = [new if name == old else name for name in node.names]
    elif isinstance(node, ast.alias):
        node.asname = None if new == node.name else new
    else:
        setattr(node, field, new)
