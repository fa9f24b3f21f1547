"""Puts into a module's tree what bundling.py has found out about its names and imports."""

from __future__ import annotations

import ast


class BundleError(Exception):
    """The source does what cannot be put into one module."""


class Replacer(ast.NodeTransformer):
    """For one module. replaced: {id of a Name: what stands in its place}; modules: {id of a Name: the member meant};
    gone: ids of aliases that are not needed any more."""

    def __init__(self, bundle, module: str, replaced, modules, gone):
        self.bundle = bundle
        self.module = module
        self.replaced = replaced
        self.modules = modules
        self.gone = gone

    def visit_Attribute(self, node):
        member = self.modules.get(id(node.value))
        if member is None:
            return self.generic_visit(node)
        kind, what = self.bundle.at_top(member, node.attr)
        if kind == "value":
            return ast.Constant(what)
        if kind == "module":
            raise BundleError(f"{self.module}: {member}.{node.attr} is a module")
        if self.module in self.bundle.members:
            if not isinstance(node.ctx, ast.Load):
                raise BundleError(f"{self.module}: sets {member}.{node.attr}")
            return ast.Name(what, node.ctx)
        return ast.Attribute(node.value, what, node.ctx)

    def visit_Name(self, node):
        if id(node) in self.modules:
            raise BundleError(f"{self.module}: {node.id} is used as a value, and is a module in the bundle")
        return self.replaced.get(id(node), node)

    def visit_Constant(self, node):
        if isinstance(node.value, str):
            text = self.bundle.text(node.value)
            if self.module == self.bundle.package + "._names" and "\n" in node.value:
                return ast.Constant("\n".join(map(self._where, node.value.split("\n"))))
            if text is not None:
                return ast.Constant(text)
        return node

    def visit_Call(self, node):
        # once("viperhttp.transport.binding", "bound")
        texts = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        if isinstance(node.func, ast.Name) and node.func.id.endswith("once") and len(texts) == 2:
            found = self.bundle.text(".".join(texts))
            if found:
                node.args = [ast.Constant(one) for one in found.rsplit(".", 1)]
                return node
        return self.generic_visit(node)

    def _where(self, line: str) -> str:
        # "app.application ViperHTTP": a module, and the public names in it
        place, *names = line.split(" ")
        if f"{self.bundle.package}.{place}" not in self.bundle.members:
            return line
        for name in names:
            self.bundle.fixed[self.bundle.at_top(f"{self.bundle.package}.{place}", name)[1]] = name
        return " ".join([self.bundle.core, *names])

    def visit_Import(self, node):
        node.names = [alias for alias in node.names if id(alias) not in self.gone]
        return node if node.names else None

    def visit_ImportFrom(self, node):
        names = [alias for alias in node.names if id(alias) not in self.gone]
        inside = self.module in self.bundle.members
        result = []
        depth = self.bundle.depth(self.module)
        symbols = [alias for alias in names if getattr(alias, "core", ("",))[0] == "global"]
        if symbols:
            result.append(ast.ImportFrom(self.bundle.core, [self._alias(alias) for alias in symbols], depth))
        for alias in names:
            if getattr(alias, "core", ("",))[0] == "module":
                # `from .. import _core` does not import it, where the package has a __getattr__.
                core = f"{self.bundle.package}.{self.bundle.core}"
                result.append(ast.Import([ast.alias(core, alias.asname or alias.name)]))
        for alias in names:
            if hasattr(alias, "assigned"):  # an import that is bound again
                name, value = alias.assigned
                result.append(ast.Assign([ast.Name(name, ast.Store())], value))
        rest = [alias for alias in names if not hasattr(alias, "core") and not hasattr(alias, "assigned")]
        if rest:
            node.names = rest
            if inside and node.level:
                base = self.bundle.base(self.module, node).removeprefix(self.bundle.package).removeprefix(".")
                base = self.bundle.apart.get(base, base)
                node.module, node.level = base or None, 1
            result.append(node)
        return result or None

    def _alias(self, alias):
        what = alias.core[1]
        own = alias.asname or alias.name
        return ast.alias(what, own if self.bundle.keeps(own) or hasattr(alias, "keeps") else None)
